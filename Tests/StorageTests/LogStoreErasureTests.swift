import Cryptography
import Federation
import Foundation
import GRDB
import Simulation
import Testing
import TransparencyLog

@testable import Storage

@Suite struct LogStoreErasureTests {
    private func position(_ origin: OriginName, _ index: Int) -> Position {
        Position(origin: origin.line, index: UInt64(index))
    }

    @Test func anErasedBodyIsHiddenAtOnceAndTheTreeStays() throws {
        let folder = try LogFolder()
        var store = try folder.store()
        var model = ModelLog(origin: rongcheng)
        try model.grow(to: 300, store)
        let marks = try store.write { transaction in
            try [5, 280, 5, 300].map {
                try transaction.markErased(position(rongcheng, $0), by: position(rongcheng, 290), sinceMilliseconds: 77)
            }
        }
        #expect(marks == [.pending, .pending, .pending, .none])
        for index in [5, 280] {
            #expect(try store.entry(rongcheng, UInt64(index)) == StoredEntry(entry: model.entries[index].entry, body: []))
            model.entries[index] = StoredEntry(entry: model.entries[index].entry, body: [])
        }
        #expect(try store.entries(rongcheng, 0..<300) == model.entries)
        #expect(try store.entries(rongcheng, 3..<9) == Array(model.entries[3..<9]))
        #expect(try store.entries(rongcheng, 260..<290) == Array(model.entries[260..<290]))
        #expect(entriesOfBundle(try store.bodyBundle(rongcheng, number: 0, width: 256))?[5] == [])
        try store.close()
        store = try folder.store()
        #expect(try store.entry(rongcheng, 280)?.body == [])
        #expect(
            try store.pendingErasures()
                == [5, 280].map {
                    PendingErasure(target: position(rongcheng, $0), sinceMilliseconds: 77, erasure: position(rongcheng, 290))
                })
        #expect(store.state(rongcheng)?.missing.isEmpty == true)
        #expect(store.state(rongcheng)?.leastSize == 0)

        try store.write { try $0.dropBodies([position(rongcheng, 5), position(rongcheng, 280)]) }
        for store in [store, try folder.store { $0.isReadOnly = true }] {
            let log = try #require(store.state(rongcheng))
            #expect(log.missing.indices == [5, 280] && log.erased.isEmpty && log.leastSize == 291)
            #expect(log.root == model.root(300) && log.isSound)
            #expect(try store.entries(rongcheng, 0..<300) == model.entries)
            #expect(try store.pendingErasures().isEmpty)
            #expect(try LogVerifier(store, keys: []).verify(rongcheng)?.damages == [])
        }
        #expect(try store.write { try $0.dropBodies([position(rongcheng, 5)]) } == [])
        let again = try store.write {
            try $0.markErased(position(rongcheng, 5), by: position(rongcheng, 299), sinceMilliseconds: 78)
        }
        #expect(again == .gone)
        #expect(store.state(rongcheng)?.leastSize == 300)
    }

    @Test func onlyMarkedBodiesAreDropped() throws {
        let store = try LogFolder().store()
        var model = ModelLog(origin: rongcheng)
        try model.grow(to: 30, store)
        let failure = #expect(throws: StoreFailure.self) { try store.write { try $0.dropBodies([position(rongcheng, 1)]) } }
        #expect(failure?.code == .rejected)
        #expect(throws: StoreFailure.self) {
            try store.write { try $0.markErased(position(rongcheng, 1), by: position(suining, 1), sinceMilliseconds: 0) }
        }
    }

    /// Bodies go through tails of several logs that grow in turns, so that their rows move between pages.
    @Test(arguments: [UInt64](1...8))
    func noByteOfADroppedBodyIsLeftInAnyFile(seed: UInt64) throws {
        let folder = try LogFolder()
        var generator = SeededRandom(seed: seed)
        let store = try folder.store {
            $0.checkpointPages = 200
            $0.pageBytes = seed % 2 == 0 ? 4_096 : 8_192
        }
        var models = (1...7).map { ModelLog(origin: OriginName("pilot/city\($0)/1")!) }
        for _ in 0..<60 {
            try store.write { transaction in
                for index in models.indices where Bool.random(using: &generator) {
                    let new = (0..<Int.random(in: 1...60, using: &generator)).map { _ in ModelLog.entry(&generator) }
                    try models[index].append(new, pieces: [new.count], transaction)
                }
            }
        }
        var gone: [[UInt8]] = []
        var kept: [[UInt8]] = []
        var targets: [Position] = []
        for model in models {
            for (index, entry) in model.entries.enumerated() where entry.body.count >= 16 {
                if Int.random(in: 0..<3, using: &generator) > 0 {
                    kept.append(entry.body)
                } else {
                    gone.append(entry.body)
                    targets.append(position(model.origin, index))
                }
            }
        }
        let eraser = position(models[0].origin, 0)
        try store.write { for target in targets { try $0.markErased(target, by: eraser, sinceMilliseconds: 0) } }
        let half = targets.count / 2
        #expect(try store.write { try $0.dropBodies(Array(targets[..<half])) }.isEmpty)
        #expect(try store.write { try $0.dropBodies(Array(targets[half...])) }.isEmpty)
        try store.forgetDroppedBytes()
        let windows = Windows(try folder.rawBytes())
        // The first 8 bytes are enough to tell a random body; parts behind a page boundary are looked for by its last 8.
        #expect(gone.allSatisfy { !windows.contains($0.prefix(8)) && !windows.contains($0.suffix(8)) })
        let found = kept.filter { windows.contains($0.prefix(8)) || windows.contains($0.suffix(8)) }
        #expect(found.count == kept.count)
        for model in models { #expect(try LogVerifier(store, keys: []).verify(model.origin)?.damages == []) }
    }

    /// When SQLite splits and merges pages of the tail table, copies of rows stay behind in them; the seeds are ones with which
    /// that happens.
    @Test(arguments: [22, 75, 94, 107] as [UInt64])
    func noCopyOfABodyStaysInThePagesOfTails(seed: UInt64) throws {
        let folder = try LogFolder()
        var generator = SeededRandom(seed: seed)
        let store = try folder.store { $0.pageBytes = 4_096 }
        var models = (1...30).map { ModelLog(origin: OriginName("pilot/city\($0)/1")!) }
        let filling = (0..<256).map { StoredEntry(entry: [9, UInt8($0)], body: []) }
        for number in 0..<150 {
            try store.write { transaction in
                for _ in 0..<Int.random(in: 1...8, using: &generator) {
                    let chosen = Int.random(in: 0..<30, using: &generator)
                    let tail = models[chosen].entries.count % 256
                    if Int.random(in: 0..<4, using: &generator) == 0 {
                        try models[chosen].append(Array(filling[tail...]), pieces: [256 - tail], transaction)
                    } else {
                        let count = Int.random(in: 16...Int.random(in: 17...2_000, using: &generator), using: &generator)
                        let body = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
                        let entry = Entry(kind: .observation, recordedAt: UInt64(number), commitment: sha256(body)).encoded
                        try models[chosen].append([StoredEntry(entry: entry, body: body)], pieces: [1], transaction)
                    }
                }
            }
        }
        var gone: [[UInt8]] = []
        var targets: [Position] = []
        for model in models {
            for index in (model.entries.count / 256 * 256)..<model.entries.count
            where !model.entries[index].body.isEmpty && Bool.random(using: &generator) {
                gone.append(model.entries[index].body)
                targets.append(position(model.origin, index))
            }
        }
        try store.write { for target in targets { try $0.markErased(target, by: targets[0], sinceMilliseconds: 0) } }
        try store.write { try $0.dropBodies(targets) }
        try store.forgetDroppedBytes()
        let windows = Windows(try folder.rawBytes())
        #expect(!gone.isEmpty)
        #expect(gone.allSatisfy { !windows.contains($0.prefix(8)) && !windows.contains($0.suffix(8)) })
    }

    /// A peer that has dropped an erased body gives a damaged node the entry without it.
    @Test func aBodyThatARepairTakesAwayIsInNoFileAfterwards() throws {
        let folder = try LogFolder()
        let store = try folder.store()
        var model = ModelLog(origin: rongcheng)
        try model.grow(to: 300, store)
        try store.forgetDroppedBytes()
        let gone = [5, 280].map { model.entries[$0].body }
        func found() throws -> [Bool] {
            let windows = Windows(try folder.rawBytes())
            return gone.map { windows.contains($0.prefix(8)) }
        }
        #expect(try found() == [true, true])
        try store.write { transaction in
            try transaction.replaceEntries(
                rongcheng,
                [
                    5: StoredEntry(entry: model.entries[5].entry, body: []),
                    280: StoredEntry(entry: model.entries[280].entry, body: []),
                ])
        }
        try store.forgetDroppedBytes()
        #expect(try found() == [false, false])
        #expect(try LogVerifier(store, keys: []).verify(rongcheng)?.damages == [])
    }

    /// An erasure by another node names what stood at a place before this log lost it, not what was recorded there since.
    @Test func whatNobodyElseKnowsKeepsItsBodyWhenItIsSetAside() throws {
        let store = try LogFolder().store()
        var own = ModelLog(origin: rongcheng)
        var other = ModelLog(origin: suining)
        try own.grow(to: 10, store)
        try other.grow(to: 10, store)
        try store.write { transaction in
            try transaction.markErased(position(rongcheng, 3), by: position(suining, 1), sinceMilliseconds: 1)
            try transaction.markErased(position(rongcheng, 4), by: position(rongcheng, 9), sinceMilliseconds: 1)
            try transaction.setAsideUnsigned(rongcheng)
        }
        var bodies: [[UInt8]] = []
        try store.forEachAside { bodies += $0.items.unpacked.map(\.body) }
        #expect(bodies[3] == own.entries[3].body && !bodies[3].isEmpty)
        #expect(bodies[4] == [])
    }

    @Test func aMissingBodyIsTakenOnlyIfItIsTheEntrysOwn() throws {
        let store = try LogFolder().store()
        var model = ModelLog(origin: rongcheng)
        let entries = (0..<300).map { ModelLog.plain($0) }
        let without = entries.enumerated().map { [7, 270].contains($0) ? StoredEntry(entry: $1.entry, body: []) : $1 }
        try store.write { try model.append(without, pieces: [256, 44], $0) }
        #expect(store.state(rongcheng)?.missing.indices == [7, 270])
        #expect(throws: StoreFailure.self) { try store.write { try $0.fillBody(position(rongcheng, 7), entries[8].body) } }
        #expect(try store.write { try !$0.fillBody(position(rongcheng, 8), entries[8].body) })
        for index in [7, 270] {
            #expect(try store.write { try $0.fillBody(position(rongcheng, index), entries[index].body) })
        }
        #expect(store.state(rongcheng)?.missing.isEmpty == true)
        #expect(try store.entries(rongcheng, 0..<300) == entries)
        #expect(try LogVerifier(store, keys: []).verify(rongcheng)?.damages == [])
    }
}

/// All runs of eight bytes in a file.
struct Windows {
    private var windows: Set<UInt64> = []

    init(_ data: Data) {
        windows.reserveCapacity(data.count)
        var window: UInt64 = 0
        // Zeros are the most of it, and of no interest.
        for byte in [UInt8](data) {
            window = window << 8 | UInt64(byte)
            if window != 0 { windows.insert(window) }
        }
    }

    func contains(_ bytes: ArraySlice<UInt8>) -> Bool { windows.contains(bytes.reduce(0) { $0 << 8 | UInt64($1) }) }
}
