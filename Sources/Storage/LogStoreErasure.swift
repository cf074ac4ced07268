internal import Cryptography
package import Federation
internal import GRDB
internal import TransparencyLog

/// What has become of the body that an erasure names.
package enum ErasedBody: Equatable, Sendable {
    /// It is hidden from now on and waits to be dropped.
    case pending
    /// It is not here (any more).
    case gone
    /// The entry is not stored, or has no body: there is nothing to erase (yet).
    case none
}

/// A body that is hidden and still has to be dropped.
package struct PendingErasure: Equatable, Sendable {
    package let target: Position
    /// Unix milliseconds at which it was marked.
    package let sinceMilliseconds: Int64
    /// The entry that erases it.
    package let erasure: Position
}

extension LogTransaction {
    /// Hides the body of an entry that an erasure that counts names. Where the body is not here already, the erasing log's
    /// ``LogState/leastSize`` is raised at once, since no cut without that erasure can be answered any more.
    ///
    /// What cannot be read for damage is not marked: it is when it has been mended, and is folded again.
    @discardableResult
    package func markErased(
        _ target: Position, by erasure: Position, sinceMilliseconds: Int64
    ) throws -> ErasedBody {
        guard let origin = OriginName(target.origin), let log = state(origin), target.index < log.size else { return .none }
        // One that is stored and not folded yet counts as missing, too.
        if log.missing.contains(target.index), try !change(origin, { try $0.holdsBody(target.index, database) }) {
            try raiseLeastSize(erasure)
            return .gone
        }
        let isPending = log.erased.contains(target.index)
        guard let eraser = OriginName(erasure.origin), let erasing = state(eraser), erasure.index < erasing.size else {
            throw StoreFailure(.rejected, "the erasure \(erasure) is not stored")
        }
        if isPending {
            // It may have been hidden by an erasure that is aside: from now on it is by one that has its place.
            try change(origin) { staged in
                try database.run(
                    "UPDATE erased SET since = ?, eraser = ?, erasure = ? WHERE key = ? AND erasure = ?",
                    [
                        sinceMilliseconds, erasing.number, Int64(erasure.index),
                        RowKey.make(staged.log.number, target.index), Int64(Self.asideErasure),
                    ])
            }
            return .pending
        }
        return try change(origin) { staged in
            guard try staged.holdsBody(target.index, database) else { return .none }
            try database.run(
                "INSERT INTO erased (key, since, eraser, erasure) VALUES (?, ?, ?, ?)",
                [RowKey.make(staged.log.number, target.index), sinceMilliseconds, erasing.number, Int64(erasure.index)])
            staged.log.erased.insert(target.index)
            return .pending
        }
    }

    private func raiseLeastSize(_ erasure: Position) throws {
        guard let eraser = OriginName(erasure.origin), let log = state(eraser), erasure.index < log.size else {
            throw StoreFailure(.rejected, "the erasure \(erasure) is not stored")
        }
        guard log.leastSize <= erasure.index else { return }
        try change(eraser) { staged in
            staged.log.leastSize = erasure.index + 1
            try database.run(
                "UPDATE origin SET least = ? WHERE number = ?", [Int64(erasure.index + 1), staged.log.number])
        }
    }

    /// Takes marked bodies out of their rows for good; their entries stay. ``LogStore/forgetDroppedBytes()`` has to follow, so
    /// that the files forget them too. Positions whose body is gone already are passed over. Returns those whose stored bytes
    /// were damaged, so that the entry has to be fetched again.
    @discardableResult
    package func dropBodies(_ targets: [Position]) throws -> [Position] {
        var byOrigin: [OriginName: Set<UInt64>] = [:]
        for target in targets {
            guard let origin = OriginName(target.origin), let log = state(origin) else { continue }
            guard log.erased.contains(target.index) else {
                if target.index >= log.size || log.missing.contains(target.index) { continue }
                throw StoreFailure(.rejected, "the body of \(target) is not marked as erased")
            }
            byOrigin[origin, default: []].insert(target.index)
        }
        dropsBytes = true
        var damaged: [Position] = []
        for origin in byOrigin.keys.sorted() {
            let indices = byOrigin[origin]!.sorted()
            let bad = try change(origin) { try $0.dropBodies(indices, database) }
            damaged += bad.map { Position(origin: origin.line, index: $0) }
            for index in indices { try settle(origin, index) }
        }
        return damaged
    }

    /// The mark of a dropped body gives way to the least size that its erasure demands.
    private func settle(_ origin: OriginName, _ index: UInt64) throws {
        let key = RowKey.make(state(origin)!.number, index)
        let erasure = try guarded {
            try database.firstRow(
                "SELECT line, erasure FROM erased JOIN origin ON origin.number = erased.eraser WHERE key = ?", [key]
            ) { Position(origin: try $0.bytes(0), index: try $0.natural(1)) }
        }
        if let erasure { try raiseLeastSize(erasure) }
        try guarded { try database.run("DELETE FROM erased WHERE key = ?", [key]) }
    }

    /// Pages of the tail table can hold copies of rows that were moved to other pages. Emptying the table frees all its
    /// pages, which overwrites them with zeros (`secure_delete`).
    func rewriteTails() throws {
        try guarded {
            try database.run("INSERT INTO tail_copy SELECT * FROM tail")
            try database.run("DELETE FROM tail")
            try database.run("INSERT INTO tail SELECT * FROM tail_copy ORDER BY key")
            try database.run("DELETE FROM tail_copy")
        }
    }

    /// A body that was missing: it must be the one that its entry commits to. False where the entry has it already.
    ///
    /// - Parameter staysMissing: whether it counts as missing until ``countBodies(_:_:)``.
    @discardableResult
    package func fillBody(_ position: Position, _ body: [UInt8], staysMissing: Bool = false) throws -> Bool {
        guard let origin = OriginName(position.origin), let log = state(origin), position.index < log.size else {
            throw StoreFailure(.rejected, "the entry \(position) is not stored")
        }
        guard log.missing.contains(position.index) else { return false }
        return try change(origin) { staged in
            guard let entry = try staged.run(position.index, database)?.unpacked[0].entry, Entry.commits(entry, to: body) else {
                throw StoreFailure(.rejected, "the body is not the one that \(position) commits to")
            }
            try staged.rewrite(position.index / Tiling.width, database) { items in
                items.replacing([Int(position.index % Tiling.width): (entry: entry, body: body)])
            }
            if !staysMissing { staged.mark(position.index, isMissing: false) }
            return true
        }
    }

    /// Bodies that are stored count as missing until ``countBodies(_:_:)``.
    package func holdBodies(_ origin: OriginName, _ indices: [UInt64]) throws {
        try change(origin) { staged in
            for index in indices where index < staged.log.size { staged.mark(index, isMissing: true) }
        }
    }

    /// Bodies that were stored count from now on as there.
    package func countBodies(_ origin: OriginName, _ indices: [UInt64]) throws {
        try change(origin) { staged in
            for index in indices where index < staged.log.size {
                guard let run = try staged.run(index, database), !run.unpacked[0].body.isEmpty else { continue }
                staged.mark(index, isMissing: false)
            }
        }
    }
}

extension StagedLog {
    /// Whether an entry's body can be read.
    fileprivate func holdsBody(_ index: UInt64, _ database: Database) throws -> Bool {
        do { return try run(index, database)?.unpacked[0].body.isEmpty == false } catch let failure as StoreFailure
            where failure.code == .corrupt
        { return false }
    }

    /// The entry at an index, as a run of one.
    func run(_ index: UInt64, _ database: Database) throws -> PackedEntries? {
        let items = try items(index / Tiling.width, database)
        let offset = Int(index % Tiling.width)
        return offset < items.count ? items.slice(offset..<(offset + 1)) : nil
    }

    /// Entries of a full bundle, or of the tail.
    func items(_ bundle: UInt64, _ database: Database) throws -> PackedEntries {
        if bundle == log.levels.bundles { return log.tail }
        let bytes = try database.firstRow("SELECT items FROM bundle WHERE key = ?", [RowKey.make(log.number, bundle)]) {
            try $0.bytes(0)
        }
        guard let bytes, let items = try? PackedEntries(checking: bytes), items.count == Int(Tiling.width) else {
            throw StoreFailure(.corrupt, "bundle \(bundle) of \(log.origin) is damaged; run `concord resync`")
        }
        return items
    }

    /// Stores other bytes for the same entries.
    mutating func rewrite(
        _ bundle: UInt64, _ database: Database, _ change: (PackedEntries) throws -> PackedEntries
    ) throws {
        let items = try change(items(bundle, database))
        if bundle == log.levels.bundles { return try replaceTail(items, database) }
        try database.run(
            "UPDATE bundle SET items = ? WHERE key = ?", [blob(items.bytes), RowKey.make(log.number, bundle)])
    }

    /// Returns the indices whose entry was not the one whose hash is stored.
    mutating func dropBodies(_ indices: [UInt64], _ database: Database) throws -> [UInt64] {
        var damaged: [UInt64] = []
        for (bundle, members) in Dictionary(grouping: indices, by: { $0 / Tiling.width }).sorted(by: { $0.key < $1.key }) {
            let offsets = Set(members.map { Int($0 % Tiling.width) })
            let leaves = try hashes(database).leafHashes(bundle)
            try rewrite(bundle, database) { items in
                items.forEach { offset, item in
                    if offsets.contains(offset), item.leafHash != leaves[offset] {
                        damaged.append(bundle * Tiling.width + UInt64(offset))
                    }
                }
                return items.withoutBodies(at: offsets)
            }
            for index in members {
                log.erased.remove(index)
                mark(index, isMissing: true)
            }
        }
        return damaged
    }
}

extension LogStore {
    /// Bodies that wait to be dropped, oldest first.
    package func pendingErasures() throws -> [PendingErasure] {
        try read("list erased bodies") { database in
            var result: [PendingErasure] = []
            try database.forEachRow(
                """
                SELECT target.line, key, since, eraser.line, erasure FROM erased
                JOIN origin AS target ON target.number = key >> 40 JOIN origin AS eraser ON eraser.number = erased.eraser
                ORDER BY since, key
                """, []
            ) { row in
                result.append(
                    PendingErasure(
                        target: Position(origin: try row.bytes(0), index: RowKey.index(try row.integer(1))),
                        sinceMilliseconds: try row.integer(2),
                        erasure: Position(origin: try row.bytes(3), index: try row.natural(4))))
            }
            return result
        }
    }
}
