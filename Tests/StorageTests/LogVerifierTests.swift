import Cryptography
import Federation
import Foundation
import GRDB
import Testing
import TransparencyLog

@testable import Storage

@Suite struct LogVerifierTests {
    @Test func aSoundLogHasNoDamage() throws {
        for size in [0, 1, 600, 768, 850, 900] {
            let result = try Patient(checkpointed: size).verify()
            #expect(result.damages == [])
            #expect(result.mirror.isDecided && result.mirror.damaged.isEmpty)
        }
    }

    @Test func aDamagedEntryIsNamedAndReplaced() throws {
        let patient = try Patient()
        for index in [0, 17, 255] {
            let offset = patient.offset(1, index) + 12
            try patient.edit("bundle", "items", 1) { $0[offset] ^= 4 }
        }
        let result = try patient.verify()
        #expect(result.damages.map(\.kind) == [256, 273, 511].map { .entry(index: $0, .hashMismatch) })
        #expect(result.mirror.damaged.indices == [256, 273, 511])
        #expect(result.mirror.bundles == (0..<3).map { treeRoot(patient.model.leaves[($0 * 256)..<($0 * 256 + 256)]) })
        try patient.expectRepair { try $0.replaceEntries(rongcheng, patient.fetched($1)) }
    }

    @Test func aWrongOrIncompleteReplacementIsRefused() throws {
        let patient = try Patient()
        for index in [3, 4] {
            let offset = patient.offset(0, index) + 12
            try patient.edit("bundle", "items", 0) { $0[offset] ^= 4 }
        }
        let store = try patient.folder.store()
        let entries = patient.model.entries
        for wrong: [UInt64: StoredEntry] in [
            [3: entries[3]], [3: entries[3], 4: entries[5]],
            [3: entries[3], 4: StoredEntry(entry: entries[4].entry, body: entries[5].body)],
            [3: entries[3], 4: StoredEntry(entry: [], body: [])],
        ] {
            let failure = #expect(throws: StoreFailure.self) { try store.write { try $0.replaceEntries(rongcheng, wrong) } }
            #expect(failure?.code == .rejected)
        }
        try store.write {
            try $0.replaceEntries(rongcheng, [3: entries[3], 4: StoredEntry(entry: entries[4].entry, body: [])])
        }
        #expect(store.state(rongcheng)?.missing.indices == [4])
        #expect(try LogVerifier(store, keys: [verifierKey(rongcheng)]).verify(rongcheng)?.damages == [])
    }

    /// Whatever bit of the lengths is flipped, all entries are made out.
    @Test(arguments: [(0, 0), (0, 7), (31, 3), (100, 15), (254, 8), (255, 0), (255, 14)])
    func aFlippedLengthCostsNoEntry(index: Int, bit: Int) throws {
        let patient = try Patient()
        try patient.edit("bundle", "items", 2) { $0[2 + 2 * index + (bit < 8 ? 1 : 0)] ^= UInt8(1 << (bit & 7)) }
        let result = try patient.verify()
        #expect(result.damages.map(\.kind) == [.framing(number: 2)])
        #expect(result.mirror.repairable == [2] && result.mirror.damaged.isEmpty)
        try patient.expectRepair { transaction, _ in
            let isRepaired = try transaction.repairBundle(rongcheng, 2)
            #expect(isRepaired)
        }
    }

    @Test func aWrongLengthCostsAtMostItsOwnEntry() throws {
        let patient = try Patient()
        try patient.edit("bundle", "items", 1) { bytes in
            for index in [40, 41, 90] { bytes[2 + 2 * index] = 0x1f }
            bytes[0] = 9
        }
        let offset = patient.offset(1, 200) + 15
        try patient.edit("bundle", "items", 1) { $0[offset] ^= 1 }
        let result = try patient.verify()
        // Between two neighbours that are both unknown nothing tells where the one ends and the other begins.
        #expect(result.mirror.damaged.indices.allSatisfy { (256 + 40...256 + 90).contains($0) || $0 == 456 })
        #expect(result.mirror.damaged.count < 60)
        try patient.expectRepair { try $0.replaceEntries(rongcheng, patient.fetched($1)) }
    }

    @Test func whatIsCutOffIsNamed() throws {
        let patient = try Patient()
        let end = patient.offset(1, 250) + 5
        try patient.edit("bundle", "items", 1) { $0.removeSubrange(end...) }
        let result = try patient.verify()
        #expect(result.damages.map(\.kind) == (506..<512).map { .entry(index: $0, .unreadable) })
        try patient.expectRepair { try $0.replaceEntries(rongcheng, patient.fetched($1)) }
    }

    @Test func damagedLeafHashesAreMadeFromTheEntries() throws {
        let patient = try Patient()
        try patient.edit("bundle", "hashes", 0) { $0[100] ^= 1 }
        try patient.edit("bundle", "hashes", 1) { $0.removeLast() }
        #expect(try patient.kinds() == [.tile(number: 0), .tile(number: 1)])
        try patient.expectRepair { transaction, mirror in
            #expect(mirror.repairable == [0, 1])
            let repaired = try mirror.repairable.filter { try transaction.repairBundle(rongcheng, $0) }
            #expect(repaired == mirror.repairable)
        }
    }

    @Test func aDamagedOrMissingRootIsMadeFromTheEntries() throws {
        let patient = try Patient(checkpointed: 600)
        try patient.edit("root", "hash", 0) { $0[0] ^= 1 }
        try patient.folder.tamper("DELETE FROM root WHERE key = ?", [patient.key(2)])
        #expect(try patient.kinds() == [.bundleRoot(number: 0), .bundleRoot(number: 2)])
        try patient.expectRepair { transaction, mirror in
            let repaired = try mirror.repairable.filter { try transaction.repairBundle(rongcheng, $0) }
            #expect(repaired == mirror.repairable)
        }
    }

    @Test func whereAllThreeDisagreeTheCandidatesAreTold() throws {
        let patient = try Patient()
        let offset = patient.offset(1, 9) + 12
        try patient.edit("bundle", "items", 1) { $0[offset] ^= 1 }
        try patient.edit("bundle", "hashes", 1) { $0[32 * 70] ^= 1 }
        try patient.edit("root", "hash", 1) { $0[0] ^= 1 }
        let result = try patient.verify()
        #expect(result.damages.map(\.kind).contains(.bundleUndecided(number: 1)))
        #expect(result.mirror.bundles[1] == nil && !result.mirror.isDecided)
        #expect(result.mirror.candidates[1]?.count == 3)
        #expect(result.mirror.damaged.indices == [256 + 9, 256 + 70])
        let leaves = Array(patient.model.leaves[256..<512])
        let store = try patient.folder.store()
        let refused = patient.fetched(result.mirror)
        #expect(throws: StoreFailure.self) { try store.write { try $0.replaceEntries(rongcheng, refused) } }
        try store.close()
        try patient.expectRepair { transaction, _ in
            try transaction.replaceTile(rongcheng, 1, leaves)
            try transaction.replaceEntries(rongcheng, [265: patient.model.entries[265]])
        }
    }

    @Test func aMissingBundleIsFetchedWhole() throws {
        let patient = try Patient()
        try patient.folder.tamper("DELETE FROM bundle WHERE key = ?", [patient.key(1)])
        let result = try patient.verify()
        #expect(result.damages.map(\.kind) == [.bundleMissing(number: 1)])
        #expect(result.mirror.bundles[1] == treeRoot(patient.model.leaves[256..<512]))
        #expect(result.mirror.damaged.count == 256)
        let leaves = Array(patient.model.leaves[256..<512])
        try patient.expectRepair { transaction, mirror in
            try transaction.replaceTile(rongcheng, 1, leaves)
            try transaction.replaceEntries(rongcheng, patient.fetched(mirror))
        }
    }

    @Test func everythingOfABundleCanBeGone() throws {
        let patient = try Patient()
        try patient.folder.tamper("DELETE FROM bundle WHERE key & 255 >= 1")
        try patient.folder.tamper("DELETE FROM root WHERE key & 255 = 1")
        let result = try patient.verify()
        #expect(result.damages.map(\.kind) == [.bundleMissing(number: 1), .bundleMissing(number: 2)])
        #expect(result.mirror.bundles[1] == nil && result.mirror.bundles[2] != nil)
        let leaves = patient.model.leaves
        try patient.expectRepair { transaction, mirror in
            try transaction.replaceTile(rongcheng, 1, Array(leaves[256..<512]))
            try transaction.replaceTile(rongcheng, 2, Array(leaves[512..<768]))
            try transaction.replaceEntries(rongcheng, patient.fetched(mirror))
        }
    }

    @Test func anotherHistoryIsARootMismatch() throws {
        let patient = try Patient()
        let others = (0..<256).map { ModelLog.plain(5_000 + $0) }
        let leaves = others.map { leafHash($0.entry) }
        try patient.folder.tamper(
            "UPDATE bundle SET hashes = ?, items = ? WHERE key = ?",
            [Data(leaves.flatMap(\.bytes)), Data(pack(others).bytes), patient.key(1)])
        try patient.folder.tamper("UPDATE root SET hash = ? WHERE key = ?", [Data(treeRoot(leaves).bytes), patient.key(1)])
        #expect(try patient.kinds() == [.rootMismatch])
        let unsigned = try Patient(checkpointed: 0)
        #expect(try unsigned.kinds() == [])
    }

    @Test func checkpointsAreHeldAgainstKeysAndEntries() throws {
        let patient = try Patient()
        let foreign = SigningKey(seed: Array(2...33))!
        let root = patient.model.root(900)
        let cases: [([UInt8], Damage.CheckpointReason)] = [
            (Array("nonsense".utf8), .malformed),
            (try checkpoint(suining, 900, root).note, .malformed),
            (
                try SignedCheckpoint(
                    signing: Checkpoint(origin: rongcheng.line, size: 900, root: root), with: foreign
                ).note, .signature
            ),
            (try checkpoint(rongcheng, 901, root).note, .beyondStored),
        ]
        for (note, reason) in cases {
            try patient.folder.tamper("UPDATE checkpoint SET note = ?", [Data(note)])
            #expect(try patient.kinds() == [.checkpoint(reason: reason)])
        }
        try patient.folder.tamper("UPDATE checkpoint SET note = ?", [Data(try checkpoint(rongcheng, 900, Digest()).note)])
        #expect(try patient.kinds() == [.rootMismatch])
    }

    @Test func aProofThatDoesNotHoldIsFound() throws {
        let patient = try Patient(checkpointed: 100)
        let note = try checkpoint(rongcheng, 950, Digest()).note
        try patient.folder.tamper("INSERT INTO proving VALUES (1, 900, ?, ?)", [Data(note), Data(count: 64)])
        #expect(try patient.kinds() == [.rootMismatch])
        try patient.folder.tamper("UPDATE proving SET proof = zeroblob(5)")
        #expect(try patient.kinds() == [.checkpoint(reason: .provingDoesNotHold)])
    }

    // MARK: The tail

    @Test func aSignedRootTellsDamagedEntriesOfTheTailFromDamagedHashes() throws {
        let patient = try Patient()
        try patient.edit("tail", "hashes", 800) { $0[3] ^= 1 }
        #expect(try patient.kinds() == [.tailHash(index: 800)])
        try patient.edit("tail", "hashes", 800) { $0[3] ^= 1 }
        try patient.edit("tail", "items", 800) { $0[$0.count - 1] ^= 1 }
        let result = try patient.verify()
        #expect(result.damages.map(\.kind) == [.entry(index: 899, .hashMismatch)])
        #expect(result.mirror.tail.last == patient.model.leaves.last)
        try patient.expectRepair { try $0.replaceEntries(rongcheng, patient.fetched($1)) }
    }

    @Test func aDamagedHashOfTheTailIsMadeFromTheEntry() throws {
        let patient = try Patient()
        try patient.edit("tail", "hashes", 800) { $0[3] ^= 1 }
        try patient.expectRepair { transaction, mirror in
            #expect(mirror.isTailRepairable)
            let size = try transaction.repairTail(rongcheng, prefersHashes: false)
            #expect(size == 900)
        }
    }

    @Test func aDamagedRowOfTheTailIsMadeOutOrFetched() throws {
        let patient = try Patient()
        try patient.edit("tail", "items", 800) { $0[3] ^= 2 }
        let framing = try patient.verify()
        #expect(framing.mirror.isTailRepairable && framing.mirror.damaged.isEmpty)
        #expect(framing.damages.map(\.kind) == [.framing(number: 3)])
        try patient.folder.tamper("DELETE FROM tail WHERE key = ?", [patient.key(800)])
        let result = try patient.verify()
        #expect(result.damages.map(\.kind) == [.tailMissing(from: 800, to: 900)])
        #expect(result.mirror.damaged.indices == (800..<900).map { UInt64($0) })
        try patient.expectRepair { try $0.replaceEntries(rongcheng, patient.fetched($1)) }
    }

    @Test func anUnsignedTailIsCutBackToWhatIsGood() throws {
        let patient = try Patient(checkpointed: 700)
        try patient.edit("tail", "items", 800) { $0[$0.count - 1] ^= 1 }
        #expect(try patient.kinds() == [.entry(index: 899, .hashMismatch)])
        let store = try patient.folder.store()
        #expect(try store.write { try $0.repairTail(rongcheng) } == 899)
        #expect(store.state(rongcheng)?.root == patient.model.root(899))
        #expect(try LogVerifier(store, keys: [verifierKey(rongcheng)]).verify(rongcheng)?.damages == [])
    }

    @Test func aSignedTailIsNotCutBack() throws {
        let patient = try Patient()
        try patient.folder.tamper("DELETE FROM tail WHERE key = ?", [patient.key(800)])
        let store = try patient.folder.store()
        #expect(throws: StoreFailure.self) { try store.write { try $0.repairTail(rongcheng) } }
    }

    // MARK: Frame

    @Test func wrongMarksAreFoundAndSetRight() throws {
        var patient = try Patient()
        let store = try patient.folder.store()
        let erased = [4, 770].map { Position(origin: rongcheng.line, index: $0) }
        try store.write { transaction in
            for target in erased { try transaction.markErased(target, by: erased[0], sinceMilliseconds: 0) }
            try transaction.dropBodies(erased)
        }
        try store.close()
        for index in [4, 770] {
            patient.model.entries[index] = StoredEntry(entry: patient.model.entries[index].entry, body: [])
        }
        try patient.folder.tamper("DELETE FROM missing")
        #expect(try patient.kinds() == [.missingMark(index: 4), .missingMark(index: 770)])
        try patient.folder.tamper("INSERT INTO missing VALUES (?, x'00')", [patient.key(1)])
        #expect(try patient.kinds() == [.missingMark(index: 4), .marks, .missingMark(index: 770)])
        try patient.expectRepair { transaction, mirror in
            for number in mirror.repairable { try transaction.repairBundle(rongcheng, number) }
            #expect(mirror.isTailRepairable)
            try transaction.repairTail(rongcheng)
        }
    }

    @Test func aLogWhoseStoredNameIsDamagedIsFoundByItsCheckpoint() throws {
        let patient = try Patient()
        let path = patient.folder.file
        let wrong = Array("pilot/rongchenx/1".utf8)
        let number = try #require(try patient.folder.value("SELECT rootpage FROM sqlite_master WHERE name = 'origin'") as Int?)
        // Not by SQLite, which would change its index of names, too.
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        let page = ((number - 1) * LogStoreOptions().pageBytes)..<(number * LogStoreOptions().pageBytes)
        bytes.replaceSubrange(try #require(bytes.range(of: Data(rongcheng.line), in: page)), with: wrong)
        try bytes.write(to: URL(fileURLWithPath: path))
        #expect(try patient.folder.store().states.map(\.origin.line) == [wrong])
        // A name that somebody has a key for may be another log's, and the checkpoint the one in the wrong place.
        let key = verifierKey(rongcheng)
        let doubtful = try LogStore.opening(path: path, keys: [key, VerifierKey(name: wrong, key: key.key)])
        #expect(doubtful.state(rongcheng) == nil)
        try doubtful.close()
        let named = try LogStore.opening(path: path, keys: [key])
        #expect(named.states.map(\.origin) == [rongcheng])
        #expect(try LogVerifier(named, keys: [key]).verify(rongcheng)?.damages == [])
        #expect(try named.structuralDamages() == [])
        try LogStoreAppendTests.expect(named, patient.model)
    }

    /// A body that came late is stored first and folded then; a process may have ended in between.
    @Test func aBodyThatWaitsToBeFoldedIsNoDamageAndIsNotForgotten() throws {
        let patient = try Patient()
        try patient.folder.tamper(
            "INSERT INTO missing VALUES (?, ?), (?, ?)",
            [patient.key(0), Data(BundleBits([4]).encoded), patient.key(3), Data(BundleBits([2]).encoded)])
        #expect(try patient.kinds() == [])
        try patient.edit("bundle", "hashes", 0) { $0[3] ^= 1 }
        try patient.edit("tail", "hashes", 800) { $0[3] ^= 1 }
        let store = try patient.folder.store()
        let mirror = try #require(try LogVerifier(store, keys: [verifierKey(rongcheng)]).verify(rongcheng)).mirror
        try store.write { try $0.repairFromItself(mirror) }
        #expect(store.state(rongcheng)?.missing.indices == [4, 770])
        #expect(try LogVerifier(store, keys: [verifierKey(rongcheng)]).verify(rongcheng)?.damages == [])
    }

    @Test(arguments: [0, 100, 600, 768, 800, 899, 901, 1 << 39, Int64.max])
    func aWrongSizeIsFoundAndSetRight(size: Int64) throws {
        let patient = try Patient()
        try patient.folder.tamper("UPDATE origin SET size = ?", [size])
        #expect(try !patient.verify().isSound)
        try patient.expectRepair { transaction, _ in try transaction.repairSize(rongcheng) }
    }

    @Test func anEntryAndAHashOfTheTailCanBeDamagedAtOnce() throws {
        let patient = try Patient()
        try patient.edit("tail", "hashes", 800) { $0[3] ^= 1 }
        try patient.edit("tail", "items", 800) { $0[$0.count - 1] ^= 1 }
        #expect(try patient.verify().mirror.damaged.indices == [800, 899])
        try patient.expectRepair { try $0.replaceEntries(rongcheng, patient.fetched($1)) }
    }

    @Test func aClearedLogStartsAgain() throws {
        let patient = try Patient()
        let store = try patient.folder.store()
        try store.write { try $0.clear(rongcheng) }
        #expect(store.state(rongcheng)?.size == 0)
        #expect(store.state(rongcheng)?.checkpoint == nil)
        var model = ModelLog(origin: rongcheng)
        try model.grow(to: 400, store)
        try LogStoreAppendTests.expect(store, model)
    }
}
