import Cryptography
import Federation
import NodeRuntime
import Testing

private let header = "day,subject,factor,quantity,reference\n"
private func row(_ factor: String, _ quantity: String = "", _ reference: String = "") -> String {
    "2023-01-02,\(subjectDigits),\(factor),\(quantity),\(reference)\n"
}

private func references(_ text: String, node: String = "rongcheng") throws -> [[UInt8]] {
    references(try items(Array((header + text).utf8), node: node))
}

struct ImportReferenceTests {
    @Test func aDerivedReferenceIsTheHashThatIsDocumented() throws {
        for ordinal: UInt8 in 0..<3 {
            let message: [UInt8] =
                Array("concord/import/v1".utf8) + [9] + Array("rongcheng".utf8) + subject.bytes
                + [0, 0, 0x4b, 0x9f] + [3] + Array("a.b".utf8) + [0, 0, 0, 2] + [0, 0, 0, 0, 0, 0, 0, ordinal]
            let found = try references(row("a.b", "2") + row("a.b", "2") + row("a.b", "2"))
            #expect(found[Int(ordinal)] == Array(sha256(message).bytes.prefix(16)))
        }
    }

    @Test func equalRowsAreDifferentOccurrences() throws {
        let found = try references(String(repeating: row("f"), count: 1_000))
        #expect(Set(found).count == 1_000)
    }

    @Test func theSameFileGivesTheSameReferences() throws {
        let text = row("f") + row("g") + row("f") + row("f", "2") + row("f", "", "own") + row("f", "1")
        #expect(try references(text) == references(text))
        #expect(try Set(references(text)).count == 6)
    }

    @Test func neitherOrderNorAddedRowsChangeReferences() throws {
        let rows = [row("f"), row("g"), row("f"), row("f", "2"), row("g"), row("f")]
        let found = try Set(references(rows.joined()))
        #expect(try Set(references(rows.reversed().joined())) == found)
        #expect(try Set(references(row("h") + rows.joined() + row("f"))).isSuperset(of: found))
    }

    @Test func anAbsentQuantityIsOne() throws {
        #expect(try references(row("f")) == references(row("f", "1")))
    }

    @Test func anotherNodeGivesOtherReferences() throws {
        #expect(try references(row("f"), node: "a") != references(row("f"), node: "b"))
    }

    @Test func ownReferencesAreKeptAndNotCounted() throws {
        #expect(try references(row("f", "", "r1") + row("f", "", "r1")) == [Array("r1".utf8), Array("r1".utf8)])
        #expect(try references(row("f", "", "r1") + row("f")).last == references(row("f")).first)
    }
}
