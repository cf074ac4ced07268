internal import Cryptography
package import Federation
internal import GRDB
package import TransparencyLog

// The log of a node's own whose entries are damaged, and that no peer has as it was.
extension LogStore {
    /// Keeps what can be read of a damaged log aside, from the first bundle on in which something cannot, and cuts the log
    /// before it: what its peers hold comes again from them, and what they never got is recorded anew behind that. Returns how
    /// many entries were set aside; none where the log is sound, or is made so from what is stored.
    @discardableResult
    package func setAsideDamaged(_ origin: OriginName, keys: [VerifierKey]) throws -> UInt64 {
        let verifier = LogVerifier(self, keys: keys, own: origin)
        guard let found = try verifier.verify(origin), !found.isSound else { return 0 }
        try write { try $0.repairFromItself(found.mirror) }
        guard let mirror = try verifier.verify(origin)?.mirror else { return 0 }
        let broken = [
            mirror.damaged.indices.first.map { $0 / Tiling.width }, mirror.bundles.firstIndex { $0 == nil }.map(UInt64.init),
        ].compactMap { $0 }.min()
        guard let broken else { return 0 }
        return try write { try $0.setAsideReadable(origin, from: broken) }
    }
}

extension LogTransaction {
    fileprivate func setAsideReadable(_ origin: OriginName, from bundle: UInt64) throws -> UInt64 {
        guard let number = state(origin)?.number else { return 0 }
        let generation = try guarded { try nextGeneration(number) }
        let size = bundle * Tiling.width
        var count: UInt64 = 0
        try repair(origin) { log in
            for run in try readable(log, from: bundle) {
                try putAside(run.entries, origin: number, first: RowKey.make(generation, run.first))
                count += UInt64(run.entries.count)
            }
            let last = RowKey.all(number).upperBound
            let first = RowKey.make(number, bundle)
            for table in ["bundle", "root", "missing"] {
                try database.run("DELETE FROM \(table) WHERE key BETWEEN ? AND ?", [first, last])
            }
            try database.run("DELETE FROM tail WHERE key BETWEEN ? AND ?", [RowKey.all(number).lowerBound, last])
            try database.run("DELETE FROM erased WHERE key BETWEEN ? AND ?", [RowKey.make(number, size), last])
            for (table, column) in [("checkpoint", "size"), ("proving", "stored")] {
                try database.run("DELETE FROM \(table) WHERE origin = ? AND \(column) > ?", [number, Int64(size)])
            }
            try database.run(
                "UPDATE origin SET size = ?, least = min(least, ?) WHERE number = ?", [Int64(size), Int64(size), number])
        }
        try hideAgain(liftMarks(setBy: number, from: size), by: number)
        return count
    }

    /// Entries that can be made out, those together that follow on each other in a bundle, without the bodies that are hidden.
    private func readable(_ log: LogState, from bundle: UInt64) throws -> [(first: UInt64, entries: PackedEntries)] {
        var runs: [(first: UInt64, entries: PackedEntries)] = []
        func add(_ entry: PackedEntries, at index: UInt64) {
            let entry = log.erased.contains(index) ? entry.withoutBodies(at: [0]) : entry
            if let last = runs.last, last.first + UInt64(last.entries.count) == index, index % Tiling.width > 0 {
                runs[runs.count - 1].entries = last.entries.appending(entry)
            } else {
                runs.append((index, entry))
            }
        }
        let bundles = log.recordedSize / Tiling.width
        for number in bundle..<max(bundle, bundles) {
            let (evidence, finding) = try examine(log, number)
            for (offset, span) in finding.spans.enumerated() {
                guard let entry = span?.run(evidence.items ?? []) else { continue }
                add(entry, at: number * Tiling.width + UInt64(offset))
            }
        }
        let start = bundles * Tiling.width
        let tail = try TailFinding(database, log.number, start: start, end: log.recordedSize)
        for (offset, item) in tail.items.enumerated() {
            guard let entry = item.entry, !item.isContested else { continue }
            add(entry, at: start + UInt64(offset))
        }
        return runs
    }
}
