import Cryptography
import Encoding
import Federation
import NodeRuntime
import Scoring
import Testing
import TransparencyLog

/// The formats of version 1 that are stored, signed or handed around.
struct V1FormatTests {
    private static let attestation = Attestation(cut: V1.hash("cut"), standingsRoot: V1.hash("standings"), subjects: 200)
    private static let cut = Cut(
        topology: V1.hash("topology"), rulebook: V1.hash("rulebook"), day: 19_675,
        origins: [
            .init(line: V1.origin, size: 9, root: V1.checkpoint.root),
            .init(line: V1.target.origin, size: 1 << 40, root: V1.hash("south")),
        ])
    private static let identity = NodeIdentity(node: "north", epoch: 1)
    private static let secondEpoch = NodeIdentity(
        node: "north", epoch: 2, beginnings: [.init(epoch: 2, atMilliseconds: 1_700_000_000_000, reason: "accepted loss")])
    private static let publicKeys = PublicKeys(
        federation: "pilot.example", node: "north", keys: [V1.verifier.description], linkKey: base64(V1.hash("link").bytes))

    /// What today's code writes for each file.
    private static let written: [(name: String, bytes: [UInt8])] =
        V1.entries.map { ("entry-\($0.name).bin", $0.entry.encoded) }
        + V1.bodies.map { ("body-\($0.name).bin", $0.body.encoded) }
        + V1.decisions.map { ("\($0.name).bin", $0.decided.encoded) }
        + V1.forks.map { ("\($0.name).bin", $0.proof.encoded) } + [
            ("packed-entries.bin", V1.packed.bytes),
            ("packed-entries-without-bodies.bin", V1.packed.withoutBodies(at: Set(0..<V1.packed.count)).bytes),
            ("checkpoint.note", V1.checkpoint.note), ("verifier-key.txt", Array(V1.verifier.description.utf8)),
            ("bundle.bin", bundle(of: V1.events.map(\.entry))), ("body-bundle.bin", bundle(of: V1.events.map(\.body))),
            ("tile.bin", tileBytes(V1.leaves)), ("cut.txt", cut.text),
            ("attestation.note", SignedNote.sign(attestation.text, name: V1.origin, with: V1.key)),
            ("node.json", identity.json.bytes),
            ("node-second-epoch.json", secondEpoch.json.bytes), ("north.keys.json", publicKeys.json.bytes),
            ("published-slot.bin", PublishedFile.slot(V1.checkpoint.note) ?? []),
            ("log.key", Array((hex(V1.key.seed) + "\n").utf8)),
        ]

    @Test(arguments: written.map(\.name))
    func whatIsWrittenTodayIsWhatVersion1Wrote(_ name: String) throws {
        let bytes = try #require(Self.written.first { $0.name == name }?.bytes)
        #expect(try Fixtures.v1("formats/\(name)") == bytes, "written today: \(hex(bytes))")
    }

    @Test func everyFixtureHasItsTest() throws {
        #expect(try Fixtures.names("formats") == Set(Self.written.map(\.name)))
    }

    @Test(arguments: V1.entries.map(\.name)) func anEntryIsRead(_ name: String) throws {
        let entry = V1.entries.first { $0.name == name }?.entry
        #expect(try Entry(decoding: Fixtures.v1("formats/entry-\(name).bin")) == entry)
    }

    @Test(arguments: V1.bodies.map(\.name)) func aBodyIsRead(_ name: String) throws {
        let body = try #require(V1.bodies.first { $0.name == name }?.body)
        let bytes = try Fixtures.v1("formats/body-\(name).bin")
        #expect(try Body(decoding: bytes, kind: body.content.kind) == body)
        #expect(Entry.commits(try Fixtures.v1("formats/entry-\(name).bin"), to: bytes))
    }

    @Test func runsOfEntriesAreRead() throws {
        let whole = try PackedEntries(checking: Fixtures.v1("formats/packed-entries.bin"))
        #expect(whole.unpacked.map(\.entry) == V1.events.map(\.entry) && whole.unpacked.map(\.body) == V1.events.map(\.body))
        let bare = try PackedEntries(checking: Fixtures.v1("formats/packed-entries-without-bodies.bin"))
        #expect(bare.unpacked.map(\.entry) == V1.events.map(\.entry) && bare.unpacked.allSatisfy { $0.body.isEmpty })
        #expect(entriesOfBundle(try Fixtures.v1("formats/bundle.bin")) == V1.events.map(\.entry))
        #expect(entriesOfBundle(try Fixtures.v1("formats/body-bundle.bin")) == V1.events.map(\.body))
        #expect(tileHashes(try Fixtures.v1("formats/tile.bin")) == V1.leaves)
    }

    @Test func whatIsSignedIsReadAndVerifies() throws {
        let keyText = String(decoding: try Fixtures.v1("formats/verifier-key.txt"), as: UTF8.self)
        let key = try VerifierKey(keyText)
        #expect(key.name == V1.origin && key.key.bytes == V1.key.publicKey)
        let checkpoint = try SignedCheckpoint(note: Fixtures.v1("formats/checkpoint.note"), keys: [key])
        #expect(checkpoint.origin == V1.origin && checkpoint.size == 9 && checkpoint.root == treeRoot(V1.leaves))
        let note = try SignedNote(Fixtures.v1("formats/attestation.note"))
        #expect(try note.verified(by: [key]).count == 1)
        #expect(try Attestation(text: note.text) == Self.attestation)
        #expect(try Cut(text: Fixtures.v1("formats/cut.txt")) == Self.cut)
    }

    @Test(arguments: V1.forks.map(\.name)) func aForkProofIsReadAndProves(_ name: String) throws {
        var reader = ByteReader(try Fixtures.v1("formats/\(name).bin"))
        let proof = try ForkProof(decoding: &reader)
        #expect(proof == V1.forks.first { $0.name == name }?.proof && reader.remaining == 0)
        #expect(try proof.verify(keys: [V1.verifier]) == V1.origin)
    }

    @Test(arguments: V1.decisions.map(\.name)) func aDecisionOnAForkIsReadAndVerifies(_ name: String) throws {
        var reader = ByteReader(try Fixtures.v1("formats/\(name).bin"))
        let decided = try DecidedFork(decoding: &reader)
        #expect(decided == V1.decisions.first { $0.name == name }?.decided && reader.remaining == 0)
        let authority = VerifierKey(name: V1.authority, key: VerifyingKey(V1.authorityKey.publicKey)!)
        let verified = try decided.verify(keys: [V1.verifier], authorities: [authority])
        #expect(verified.size == (name.hasSuffix("0") ? 0 : 3) && verified.decision.origin == V1.origin)
    }

    @Test func theFilesOfADataFolderAreRead() throws {
        #expect(try NodeIdentity(decoding: Fixtures.v1("formats/node.json")) == Self.identity)
        #expect(try NodeIdentity(decoding: Fixtures.v1("formats/node-second-epoch.json")) == Self.secondEpoch)
        let keys = try PublicKeys(decoding: Fixtures.v1("formats/north.keys.json"))
        #expect(keys.federation == "pilot.example" && keys.node == "north" && keys.keys == [V1.verifier.description])
        #expect(keys.linkKey == base64(V1.hash("link").bytes))
        #expect(KeyFile.seed(ofText: try Fixtures.v1("formats/log.key")[...]) == V1.key.seed)
        let slot = try Fixtures.v1("formats/published-slot.bin")
        #expect(PublishedFile.checkpoint(inSlot: slot[...]) == V1.checkpoint.checkpoint)
    }
}
