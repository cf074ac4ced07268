import Cryptography
import Federation
import Replication
import Simulation
import SyncProtocol
import Testing
import TransparencyLog

/// Nodes of this version beside nodes of later ones, in both directions.
struct MixedVersionsTests {
    /// What a later version says that still speaks version 1: a wider span, features, types of messages of its own.
    private static func later(_ message: Message, _ versions: ClosedRange<UInt16> = 1...2) -> [Message] {
        guard case .hello(var hello) = message else { return [.unknown(type: 40), message, .unknown(type: 255)] }
        hello.minimumVersion = versions.lowerBound
        hello.maximumVersion = versions.upperBound
        hello.features = [0b1010_0000, 1]
        return [.hello(hello)]
    }

    /// Nodes 1 and 3 are of a later version; 1 forwards between two of this one.
    @Test(arguments: [1, 2, 3] as [UInt64]) func aNewerMinorVersionAndThisOneConverge(seed: UInt64) {
        let world = World(.line(4), seed: seed)
        for node in [1, 3] { world.nodes[node].disguise = { message, _ in Self.later(message) } }
        for _ in 0..<60 {
            world.record(Int.random(in: 0..<4, using: &world.random), Int.random(in: 1...20, using: &world.random))
            world.run(UInt64.random(in: 0...60, using: &world.random))
        }
        #expect(world.run(until: { $0.hasConverged }))
        #expect(world.nodes.allSatisfy { $0.own.size > 0 } && world.accusations.isEmpty)
        #expect(world.traffic[40, default: (0, 0)].count > 0 && world.traffic[255, default: (0, 0)].count > 0)
    }

    @Test func whatALaterVersionRecordsIsKeptAndForwardedByThisOne() {
        let world = World(.line(4), seed: 7)
        world.nodes[3].recordLater(&world.random, now: world.now)
        world.record(3, 5)
        world.record(0, 3)
        #expect(world.run(until: { $0.hasConverged }))
        #expect(world.accusations.isEmpty)
        let original = world.nodes[3].own
        for node in world.nodes {
            let copy = node.log(3)
            #expect(copy.tree == original.tree && copy.entries.map(\.entry) == original.entries.map(\.entry))
            #expect(copy.entries.map(\.body) == original.entries.map(\.body) && copy.missing.isEmpty)
        }
    }

    /// Both sides learn both spans: one judges the other's hello, the other is told, whichever of them is the newer.
    @Test(arguments: [2...3, 7...7] as [ClosedRange<UInt16>]) func anIncompatibleNodeIsRefusedAndBothSidesNameBothSpans(
        _ versions: ClosedRange<UInt16>
    ) {
        let world = World(.star(2), seed: 3)
        world.nodes[1].disguise = { message, _ in Self.later(message, versions) }
        world.record(1, 3)
        world.run(5_000)
        #expect(!world.hasConverged)
        let told = world.nodes.map { node in
            node.reports.compactMap { report in
                switch report {
                case .refusedPeer(_, let reason), .refusedByPeer(_, let reason): reason
                default: nil
                }
            }
        }
        let both = "centre speaks 1 to 1, city-1 \(versions.lowerBound) to \(versions.upperBound)"
        for reasons in told { #expect(!reasons.isEmpty && reasons.allSatisfy { $0.contains(both) }, "\(reasons)") }
    }

    /// A node that was upgraded is taken back by those that refused it.
    @Test func afterTheUpgradeTheyConverge() {
        let world = World(.star(3), seed: 4)
        world.nodes[1].disguise = { message, _ in Self.later(message, 2...3) }
        for node in 0..<3 { world.record(node, 4) }
        world.run(5_000)
        #expect(!world.hasConverged)
        world.nodes[1].disguise = { message, _ in Self.later(message, 1...3) }
        #expect(world.run(until: { $0.hasConverged }))
    }
}

extension MemoryNode {
    /// Records what a later version might: a kind that is not known, with a body and without; a version that is not known,
    /// small and as large as may be; a body with extensions; a body that says nothing to this version.
    func recordLater(_ random: inout SeededRandom, now: UInt64) {
        let first = own.size
        for kind in [8, 200] as [UInt8] {
            let body = random.bytes(90)
            own.append(entry: [1, kind] + random.bytes(8) + sha256(body).bytes, body: body)
            own.append(entry: [1, kind] + random.bytes(90), body: [])
        }
        own.append(entry: [2, 1, 0], body: [])
        own.append(entry: [2, 1] + random.bytes(Limits.entryBytes - 2), body: [])
        let extended = Body(
            salt: random.bytes(16), day: 1, subject: SubjectID(high: 1, low: 1),
            content: .observation(factor: Array("kindness".utf8), quantity: 1, reference: []), extensions: random.bytes(300)
        ).encoded
        for body in [extended, random.bytes(Limits.entryBytes), [7]] {
            own.append(entry: Entry(kind: .observation, recordedAt: 5, commitment: sha256(body)).encoded, body: body)
        }
        let checkpoint = federation.sign(index, size: own.size, root: own.tree.root)
        own.checkpoint = checkpoint
        replica.published(checkpoint, first: first, pieces: own.pieces(first..<own.size, maximumBytes: .max), now: now)
    }
}
