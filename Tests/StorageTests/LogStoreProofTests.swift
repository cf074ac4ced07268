import Cryptography
import Federation
import Simulation
import Testing
import TransparencyLog

@testable import Storage

@Suite struct LogStoreProofTests {
    @Test(arguments: [1, 5, 255, 256, 257, 511, 512, 1_300, 66_000])
    func proofsOfEverySizeVerify(size: Int) throws {
        let folder = try LogFolder()
        let store = try folder.store()
        var model = ModelLog(origin: rongcheng)
        try model.grow(to: size, store)
        let leaves = model.leaves
        var generator = SeededRandom(seed: UInt64(size))
        let picks = [1, size, (size + 1) / 2] + (0..<12).map { _ in Int.random(in: 1...size, using: &generator) }
        for first in picks {
            let root = treeRoot(leaves.prefix(first))
            #expect(try store.root(rongcheng, at: UInt64(first)) == root)
            for index in [0, first - 1, first / 2] {
                let path = try store.inclusionProof(rongcheng, UInt64(index), size: UInt64(first))
                #expect(
                    Proofs.isIncluded(leaves[index], index: UInt64(index), size: UInt64(first), path: path, root: root))
                #expect(try store.leafHash(rongcheng, UInt64(index)) == leaves[index])
            }
            let path = try store.consistencyProof(rongcheng, first: UInt64(first), second: UInt64(size))
            #expect(
                Proofs.isConsistent(
                    first: UInt64(first), firstRoot: root, second: UInt64(size), secondRoot: treeRoot(leaves), path: path))
        }
        #expect(try store.root(rongcheng, at: 0) == sha256([]))
        #expect(throws: StoreFailure.self) { try store.root(rongcheng, at: UInt64(size) + 1) }
        #expect(throws: StoreFailure.self) { try store.inclusionProof(rongcheng, UInt64(size), size: UInt64(size)) }
        #expect(try store.leafHash(rongcheng, UInt64(size)) == nil)
    }

    @Test(arguments: [3, 256, 700, 66_000])
    func tilesAndBundlesGiveTheLogBack(size: Int) throws {
        let folder = try LogFolder()
        let store = try folder.store()
        var model = ModelLog(origin: rongcheng)
        try model.grow(to: size, store)
        var below = model.leaves
        for (level, full, partial) in Tiling.levels(size: UInt64(size)) {
            var bytes: [UInt8] = []
            for number in 0..<full { bytes += try store.tile(rongcheng, level: level, number: number, width: 256) }
            if partial > 0 { bytes += try store.tile(rongcheng, level: level, number: full, width: partial) }
            #expect(tileHashes(bytes) == below)
            #expect(throws: StoreFailure.self) { try store.tile(rongcheng, level: level, number: full, width: partial + 1) }
            below = stride(from: 0, to: below.count / 256 * 256, by: 256).map { treeRoot(below[$0..<($0 + 256)]) }
        }
        let numbers = UInt64(size / 256)
        for number in 0...numbers {
            let width = number < numbers ? 256 : size % 256
            if width == 0 { continue }
            let part = model.entries[(Int(number) * 256)..<(Int(number) * 256 + width)]
            #expect(entriesOfBundle(try store.entryBundle(rongcheng, number: number, width: width)) == part.map(\.entry))
            #expect(entriesOfBundle(try store.bodyBundle(rongcheng, number: number, width: width)) == part.map(\.body))
        }
        #expect(throws: StoreFailure.self) { try store.entryBundle(rongcheng, number: .max, width: 256) }
        #expect(throws: StoreFailure.self) { try store.tile(rongcheng, level: 9, number: 0, width: 1) }
    }
}

@Suite struct LogStoreCheckpointTests {
    @Test func decisionsStayWithTheProofTheyAreAbout() throws {
        let folder = try LogFolder()
        var store = try folder.store()
        var model = ModelLog(origin: rongcheng)
        try model.grow(to: 300, store)
        let ends = try [checkpoint(rongcheng, 200, model.root(200)), checkpoint(rongcheng, 200, model.root(100))]
        let proof = ForkProof(firstNote: ends[0].note, secondNote: ends[1].note)
        let decisions = try (1...2).map { number in
            try DecidedFork(
                deciding: ForkDecision(origin: rongcheng.line, number: UInt64(number), size: 200, root: ends[number - 1].root),
                proof: proof, checkpoint: ends[number - 1].note, signer: suining.line, with: signingKey
            ).verify(keys: [verifierKey(rongcheng)], authorities: [verifierKey(suining)])
        }
        try store.write { try $0.putDecision(decisions[0]) }
        #expect(store.state(rongcheng)?.isForked == true && store.state(rongcheng)?.decision == decisions[0].decision)
        try store.write { try $0.putDecision(decisions[1]) }
        try store.write { try $0.clear(rongcheng) }
        try store.close()
        store = try folder.store()
        #expect(store.state(rongcheng)?.decision == decisions[1].decision && store.state(rongcheng)?.size == 0)
        #expect(try store.decisions().map(\.origin) == [rongcheng])
        #expect(try store.decisions()[0].decided == decisions[1].evidence)
        let copy = try LogFolder()
        try store.copyReadable(to: copy.file)
        #expect(try copy.store().decisions()[0].decided == decisions[1].evidence)
    }

    @Test func onlyACheckpointOfWhatIsStoredIsTaken() throws {
        let folder = try LogFolder()
        var store = try folder.store()
        var model = ModelLog(origin: rongcheng)
        try model.grow(to: 700, store)
        let good = try checkpoint(rongcheng, 600, model.root(600))
        try store.write { try $0.setCheckpoint(good) }
        for bad in [
            try checkpoint(rongcheng, 701, model.root(700)), try checkpoint(rongcheng, 650, model.root(651)),
            try SignedCheckpoint(signing: Checkpoint(origin: Array("odd".utf8), size: 1, root: Digest()), with: signingKey),
        ] {
            let failure = #expect(throws: StoreFailure.self) { try store.write { try $0.setCheckpoint(bad) } }
            #expect(failure?.code == .rejected)
        }
        try store.write { try $0.setCheckpoint(checkpoint(rongcheng, 10, model.root(10))) }
        #expect(store.state(rongcheng)?.checkpoint == good)
        try store.close()
        store = try folder.store()
        #expect(store.state(rongcheng)?.checkpoint == good)
        #expect(store.state(rongcheng)?.isSound == true)
        #expect(try LogVerifier(store, keys: [verifierKey(rongcheng)]).verify(rongcheng)?.damages == [])
    }

    @Test func entriesBeyondTheCheckpointAreStoredWithTheirProof() throws {
        let folder = try LogFolder()
        var store = try folder.store()
        var model = ModelLog(origin: rongcheng)
        try model.grow(to: 1_000, store)
        let later = try checkpoint(rongcheng, 1_000, model.root(1_000))
        let proof = try store.consistencyProof(rongcheng, first: 600, second: 1_000)
        try store.close()

        let other = try LogFolder()
        store = try other.store()
        var part = ModelLog(origin: rongcheng)
        try part.grow(to: 600, store)
        #expect(throws: StoreFailure.self) { try store.write { try $0.setProving(later, proof: []) } }
        try store.write { try $0.setProving(later, proof: proof) }
        try store.close()
        store = try other.store()
        #expect(store.state(rongcheng)?.proving == LogProving(stored: 600, checkpoint: later, proof: proof))
        #expect(try LogVerifier(store, keys: [verifierKey(rongcheng)]).verify(rongcheng)?.damages == [])
        try part.grow(to: 1_000, store)
        try store.write { try $0.setProving(later, proof: []) }
        #expect(store.state(rongcheng)?.proving == nil)
        #expect(store.state(rongcheng)?.checkpoint == later)
    }

    @Test func recordsOutliveTheProcess() throws {
        let folder = try LogFolder()
        var store = try folder.store()
        let proof = ForkProof(
            firstNote: try checkpoint(suining, 1, Digest()).note, secondNote: try checkpoint(suining, 1, sha256([])).note)
        let cut = try store.write { transaction in
            #expect(try transaction.putFork(suining, proof))
            #expect(try !transaction.putFork(suining, ForkProof(firstNote: [1], secondNote: [2])))
            let cut = try transaction.putCut(Array("concord/cut/v1\n".utf8), atMilliseconds: 5)
            try transaction.putCut(Array("later".utf8), atMilliseconds: 6)
            try transaction.putAttestation(StoredAttestation(cut: cut, node: suining.line, note: [1, 2]))
            try transaction.putAttestation(StoredAttestation(cut: cut, node: rongcheng.line, note: [3]))
            try transaction.setMeta("a", [1])
            try transaction.setMeta("b", [])
            return cut
        }
        #expect(try store.meta("a") == [1])
        try store.write { try $0.setMeta("a", nil) }
        try store.close()
        store = try folder.store()
        #expect(try store.forks().map(\.origin) == [suining])
        #expect(try store.forks()[0].proof == proof)
        #expect(store.state(suining)?.isForked == true)
        #expect(try store.cuts(limit: 9).map(\.atMilliseconds) == [6, 5])
        #expect(try store.cuts(limit: 9).last?.text == Array("concord/cut/v1\n".utf8))
        #expect(try store.attestations(of: cut).map(\.note) == [[3], [1, 2]])
        #expect(try store.meta("a") == nil && store.meta("b") == [])
    }
}
