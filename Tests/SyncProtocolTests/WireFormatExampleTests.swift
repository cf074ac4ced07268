import Cryptography
import Encoding
import Federation
import Foundation
import SyncProtocol
import Testing
import TransparencyLog

/// The bytes that the article WireFormat shows are those that the code makes.
struct WireFormatExampleTests {
    private static let article: String = {
        let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let path = package.appending(path: "Sources/SyncProtocol/SyncProtocol.docc/WireFormat.md")
        return (try? String(contentsOf: path, encoding: .utf8)) ?? ""
    }()

    /// The hexadecimal digits of a listing: what stands before the second gap of each line.
    private static func listing(_ name: String) -> [UInt8]? {
        guard let start = article.range(of: "<!-- \(name) -->"), let open = article[start.upperBound...].range(of: "```text\n"),
            let end = article[open.upperBound...].range(of: "```")
        else { return nil }
        let digits = article[open.upperBound..<end.lowerBound].split(separator: "\n").map { line in
            line.prefix { $0 != ";" }.filter { !$0.isWhitespace }
        }
        return bytes(hex: digits.joined())
    }

    private static func frame(_ message: Message) -> [UInt8] {
        var writer = ByteWriter()
        writer.uint32(UInt32(message.payloadByteCount + 1))
        writer.uint8(message.type)
        return writer.bytes + message.payload.flatMap { $0 }
    }

    @Test func theHelloOfTheArticleIsTheHelloOfTheCode() {
        let hello = Hello(
            federation: Array("pilot.example".utf8), node: Array("a".utf8), epoch: 1, topologyHash: sha256([]),
            rulebookHash: sha256([]), wallMilliseconds: 1_700_000_000_000)
        let made = Self.frame(.hello(hello))
        #expect(Self.listing("hello") == made, "\(hex(made))")
    }

    @Test func theRangeOfTheArticleIsTheRangeOfTheCode() throws {
        let origin = Array("pilot.example/a/1".utf8)
        let body = Body(
            salt: Array(0..<16), day: 19_675, subject: SubjectID(high: 7, low: 0x0123_4567_89ab_cdef),
            content: .observation(factor: Array("kindness".utf8), quantity: 1, reference: []))
        let entry = Entry(
            kind: .observation, recordedAt: 1_700_000_000_000 << 16, commitment: sha256(body.encoded))
        var builder = PackedEntriesBuilder()
        builder.append(entry: entry.encoded, body: body.encoded)
        let root = leafHash(entry.encoded)
        let key = try #require(SigningKey(seed: Array(0..<32)))
        let checkpoint = try SignedCheckpoint(signing: Checkpoint(origin: origin, size: 1, root: root), with: key)
        let range = RangeMessage(
            request: 5, origin: origin, first: 0, pieces: [builder.finish()], note: checkpoint.note, proof: [])
        let made = Self.frame(.range(range))
        #expect(Self.listing("range") == made, "\(hex(made))")
        for line in [hex(entry.encoded), hex(root.bytes), hex(key.publicKey)]
            + String(decoding: checkpoint.note, as: UTF8.self).split(separator: "\n").map(String.init)
        {
            #expect(Self.article.contains(line), "\(line)")
        }
    }
}
