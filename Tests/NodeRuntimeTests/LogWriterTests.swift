import Cryptography
import Encoding
import Federation
import Foundation
import Logging
import Replication
import Scoring
import Storage
import Synchronization
import Testing
import TransparencyLog

@testable import NodeRuntime

/// What the one writer promises whatever is handed to it, and however often.
@Suite(.serialized) struct LogWriterTests {
    /// A node's opened stores, and the keys of the federation's other node.
    private func opened(_ federation: TestFederation) throws -> (node: Node, other: SigningKey) {
        let node = try Node(folder: federation.folder("nation"))
        return (node, try federation.folder("city").keys().log)
    }

    private func range(_ count: Int, from first: UInt64, after stored: [Digest], signedBy key: SigningKey) throws -> ProvenRange
    {
        var builder = PackedEntriesBuilder()
        var hashes: [Digest] = []
        for place in 0..<count {
            let body = Body(
                salt: [UInt8](repeating: UInt8(place), count: 16), day: 18_300, subject: TestFederation.subject(7),
                content: .observation(factor: Array("plus".utf8), quantity: 1, reference: [UInt8(first), UInt8(place)])
            ).encoded
            let entry = Entry(kind: .observation, recordedAt: first + UInt64(place), commitment: sha256(body)).encoded
            builder.append(entry: entry, body: body)
            hashes.append(leafHash(entry))
        }
        var tree = CompactRange()
        for hash in stored + hashes { tree.append(hash) }
        let origin = try #require(OriginName("test.example/city/1"))
        let checkpoint = Checkpoint(origin: origin.line, size: tree.size, root: tree.root)
        return ProvenRange(
            origin: origin, first: first, pieces: [builder.finish()], hashes: hashes,
            checkpoint: try SignedCheckpoint(signing: checkpoint, with: key), proof: [])
    }

    @Test func aRangeThatIsHandedOverTwiceIsStoredOnce() async throws {
        let federation = try TestFederation(["city", "nation"], links: [("city", "nation")])
        let (node, key) = try opened(federation)
        let first = try range(10, from: 0, after: [], signedBy: key)
        let second = try range(5, from: 10, after: first.hashes, signedBy: key)
        let outcomes = Mutex<[Bool]>([])
        // One group: the writer is busy while they arrive.
        try node.writer.exclusively {
            for range in [first, first, second, first, second] {
                node.writer.submit(.integrate(range) { failure in outcomes.withLock { $0.append(failure == nil) } })
            }
        }
        node.writer.drain()
        #expect(outcomes.withLock { $0 }.count { $0 } == 2 && outcomes.withLock { $0 }.count == 5)
        let state = try #require(node.log.state(first.origin))
        #expect(state.size == 15 && state.checkpoint == second.checkpoint)
        #expect(try node.verify { _, _, _ in }.isSound)
        try node.close()
        try await federation.end()
    }

    /// What arrives under a checkpoint that is larger than what is stored so far is as good as any other for proving a fork.
    @Test func anEntryIsProvenByWhatProvesItsRange() async throws {
        let federation = try TestFederation(["city", "nation"], links: [("city", "nation")])
        let (node, key) = try opened(federation)
        let whole = try range(40, from: 0, after: [], signedBy: key)
        let part = try range(23, from: 0, after: [], signedBy: key)
        let city = try LogStore(path: federation.folder("city").logFile)
        try city.write { try $0.append(whole.origin, whole.pieces, leafHashes: whole.hashes) }
        let proof = try city.consistencyProof(whole.origin, first: 23, second: 40)
        try city.close()
        let proven = ProvenRange(
            origin: whole.origin, first: 0, pieces: part.pieces, hashes: part.hashes, checkpoint: whole.checkpoint, proof: proof
        )
        node.writer.submit(.integrate(proven) { #expect($0 == nil) })
        node.writer.drain()
        let sync = try SyncService(node: node, logger: Logger(label: "test"))
        for (index, leaf) in part.hashes.enumerated() {
            let own = try #require(try sync.inclusion(whole.origin, UInt64(index)))
            #expect(own.checkpoint == whole.checkpoint && own.inclusion.leaf == leaf)
            #expect(
                Proofs.isIncluded(
                    leaf, index: UInt64(index), size: 40, path: own.inclusion.path, root: whole.checkpoint.root))
        }
        #expect(try sync.inclusion(whole.origin, 23) == nil)
        sync.stop()
        try node.close()
        try await federation.end()
    }

    /// Standings may be made anew between the moment at which a range is read for them and the one at which it is stored.
    @Test func whatWasReadForStandingsThatWereReplacedIsReadAgain() async throws {
        let federation = try TestFederation(["city", "nation"], links: [("city", "nation")])
        let (node, key) = try opened(federation)
        let replaced = try HistoryStore(path: federation.folder("nation").path + "/replaced.sqlite")
        for code in ["one", "another"] { _ = try replaced.reserveFactor(Array(code.utf8)) }
        var proven = try range(10, from: 0, after: [], signedBy: key)
        var folding = EntryFolding(history: replaced)
        let number = try replaced.originNumber(proven.origin.line)
        folding.fold(proven.pieces, origin: number, first: 0, hashes: proven.hashes)
        proven.folded = folding.take()
        replaced.close()
        node.writer.submit(.integrate(proven) { #expect($0 == nil) })
        node.writer.drain()
        let entries = try node.explain(TestFederation.subject(7), day: 18_400).entries
        #expect(entries.count == 10)
        #expect(entries.allSatisfy { $0.content?.observation?.factor == Array("plus".utf8) })
        #expect(try node.verify { _, _, _ in }.isSound)
        try node.close()
        try await federation.end()
    }

    @Test func whatCannotBeFoldedIsRecordedOnceAndFoldedLater() async throws {
        let federation = try TestFederation(["city", "nation"], links: [("city", "nation")])
        let (node, _) = try opened(federation)
        let drafts = (0..<500).map { TestFederation.observation(UInt64($0), "plus", day: 18_300, reference: "r\($0)") }
        // A history that is closed takes nothing, as one on a full disk.
        node.history.close()
        let result = try node.record(drafts)
        #expect(result.added == 500 && node.log.state(node.origin)?.size == 500)
        try node.writer.exclusively { try node.rebuildHistory() }
        #expect(try node.record([drafts[0]]).added == 0)
        #expect(try node.score(TestFederation.subject(3), day: 19_000).score != nil)
        #expect(node.log.state(node.origin)?.size == 500)
        try node.close()
        try await federation.end()
    }
}
