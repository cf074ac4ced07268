import Encoding
import Federation
import Testing

struct OriginNameTests {
    @Test func aNameHasThreeParts() throws {
        let name = try #require(OriginName("pilot.concord.example/shanghai/12"))
        #expect(name.nodeLine == Array("pilot.concord.example/shanghai".utf8))
        #expect(name.node == Array("shanghai".utf8))
        #expect(name.epoch == 12)
        #expect(name.description == "pilot.concord.example/shanghai/12")
        let federation = Array("pilot.concord.example".utf8)
        #expect(OriginName(federation: federation, node: Array("shanghai".utf8), epoch: 12) == name)
        #expect(OriginName(federation: federation, node: Array("shanghai".utf8), epoch: 0) == nil)
    }

    @Test(arguments: [
        "", "/", "//", "///", "a", "a/b", "a/1", "/b/1", "a//1", "//1", "a/b/", "a/b/0", "a/b/01", "a/b/00", "a/b/-1",
        "a/b/+1", "a/b/1 ", "a/b/ 1", "a/b/1\n", "a/b/x", "a/b/1.0", "a/b/١", "a/b/9223372036854775808",
        "a/b/18446744073709551617", "a/b/1/",
    ])
    func whatIsNoNameIsRefused(text: String) {
        #expect(OriginName(text) == nil)
    }

    @Test func aNameIsUTF8AndAtMost255Bytes() {
        let long = String(repeating: "a", count: 251)
        #expect(OriginName("\(long)/b/1") != nil)
        #expect(OriginName("\(long)a/b/1") == nil)
        #expect(OriginName([0xff] + Array("/b/1".utf8)) == nil)
        #expect(OriginName(Array("é/上/9223372036854775807".utf8))?.epoch == UInt64(Int64.max))
    }

    @Test func theEpochIsANumberAndTheNodeStaysTheSame() throws {
        let ninth = try #require(OriginName("a/b/9"))
        let tenth = try #require(OriginName("a/b/10"))
        #expect(ninth.epoch < tenth.epoch)
        #expect(ninth.nodeLine == tenth.nodeLine)
        #expect(ninth != tenth)
        // Lists of origins are ordered by bytes, whatever the number says.
        #expect(tenth < ninth)
        #expect([ninth, tenth].sorted() == [tenth, ninth])
    }

    @Test func namesAreComparedAsBytes() throws {
        // The same letters to a reader, and to String.
        let composed = try #require(OriginName("\u{e9}/b/1"))
        let decomposed = try #require(OriginName("e\u{301}/b/1"))
        #expect(composed.description == decomposed.description)
        #expect(composed != decomposed)
        #expect(Set([composed, decomposed]).count == 2)
    }
}

struct PositionTests {
    @Test(arguments: [("a/b/1:0", "a/b/1", 0), ("a:b:7", "a:b", 7), ("x:9223372036854775807", "x", UInt64(Int64.max))])
    func aPositionIsAnOriginAndAnIndex(text: String, origin: String, index: UInt64) throws {
        let position = try #require(Position(text))
        #expect(position == Position(origin: Array(origin.utf8), index: index))
        #expect(position.description == text)
    }

    @Test(arguments: ["", ":", ":0", "a/b/1", "a/b/1:", "a/b/1:00", "a/b/1:01", "a/b/1:-1", "a/b/1:+1", "a/b/1: 1", "a:x"])
    func whatIsNoPositionIsRefused(text: String) {
        #expect(Position(text) == nil)
    }

    @Test func anyIndexAndAnyLineTravels() throws {
        for index in [0, 1, UInt64(Int64.max) + 1, .max] {
            var writer = ByteWriter()
            Position(origin: Array("no origin at all".utf8), index: index).encode(to: &writer)
            var reader = ByteReader(writer.bytes)
            #expect(try Position(decoding: &reader) == Position(origin: Array("no origin at all".utf8), index: index))
            try reader.finish()
        }
        var empty = ByteReader([0, 0, 0, 0, 0, 0, 0, 0, 0])
        #expect(throws: DecodingFailure.vectorLength(0)) { try Position(decoding: &empty) }
    }
}
