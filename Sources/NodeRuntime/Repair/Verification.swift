internal import Cryptography
internal import Federation
internal import Scoring
internal import Storage
internal import TransparencyLog

/// What `concord verify` found.
package struct VerificationReport: Sendable {
    /// Every damaged position, up to a limit for each log.
    package var damages: [String] = []
    package var damageCount = 0
    package var entries: UInt64 = 0
    package var logs = 0
    /// Subjects whose folded history is not what the logs say.
    package var damagedSubjects: [String] = []
    package var milliseconds: UInt64 = 0
    /// Whether the folded history cannot even be read.
    package var isHistoryDamaged = false

    package var isSound: Bool { damageCount == 0 && damagedSubjects.isEmpty }
}

extension Node {
    /// Hashes everything that is stored again, and folds it again beside the standings.
    package func verify(
        checksStandings: Bool = true, progress: (String, UInt64, UInt64) throws -> Void
    ) throws -> VerificationReport {
        var report = VerificationReport()
        let started = steadyMilliseconds
        let verifier = logVerifier
        for state in log.states {
            guard
                let verification = try verifier.verify(
                    state.origin, progress: { try progress("hashing \(state.origin)", $0, $1) })
            else { continue }
            report.logs += 1
            report.entries += verification.mirror.size
            report.damageCount += verification.damageCount
            report.damages += verification.damages.map(\.description)
        }
        let records = try log.damagedRecords(keys: topology.keys).map(\.description)
        let structure = try log.structuralDamages()
        report.damageCount += records.count + structure.count
        report.damages += records + structure
        if !structure.isEmpty { report.damages.append(rescueAdvice) }
        report.milliseconds = steadyMilliseconds - started
        // A fold of damaged logs would blame the standings for what the log has lost.
        if checksStandings, report.damageCount == 0 {
            do { report.damagedSubjects = try verifyStandings(progress) } catch let HistoryFailure.damaged(what) {
                report.isHistoryDamaged = true
                report.damageCount += 1
                report.damages.append("\(folder.standingsFile): \(what)")
            }
        }
        return report
    }

    var logVerifier: LogVerifier { LogVerifier(log, keys: topology.keys, own: origin) }

    /// What to do about a file whose pages SQLite can neither read nor write as they should be.
    var rescueAdvice: String {
        "\(folder.logFile) itself is damaged: stop the node, run concord rescue --data \(folder.path), start it, and resync"
    }

    private func verifyStandings(_ progress: (String, UInt64, UInt64) throws -> Void) throws -> [String] {
        let folder = try environment.files.scratchFolder()
        defer { environment.files.remove(folder) }
        let fresh = try HistoryStore(path: folder + "/standings.sqlite", options: environment.historyOptions)
        defer { fresh.close() }
        // The same numbers for the same names, so that records can be compared as they are.
        for line in history.originLines { _ = try fresh.originNumber(line) }
        for code in history.factorCodes { _ = try fresh.reserveFactor(code) }
        var ends: [OriginName: UInt64] = [:]
        for state in log.states { ends[state.origin] = history.visibleUpTo(try history.originNumber(state.origin.line)) }
        let snapshot = try history.snapshot()
        for state in log.states {
            try fold(
                state, upTo: ends[state.origin] ?? 0, into: fresh,
                progress: { try progress("folding \(state.origin)", $0, $1) })
        }
        try check(history.checkedFile(), against: fresh, upTo: ends)
        return try HistoryComparison(snapshot, try fresh.snapshot(), ends: ends, node: self).differences()
    }

    /// The erasures in the file are those of the logs, as far as both are folded: what is missing there would come to light
    /// with the next start, and what is there too soon with the next write.
    private func check(_ file: HistoryFileState, against fresh: HistoryStore, upTo ends: [OriginName: UInt64]) throws {
        var limits = file.folded
        for place in limits.indices {
            let line = history.originLine(UInt32(place)).flatMap(OriginName.init)
            limits[place] = min(limits[place], line.flatMap { ends[$0] } ?? 0)
        }
        func known(_ erasures: some Sequence<ErasureRecord>) -> Set<ErasureRecord> {
            Set(erasures.lazy.filter { Int($0.origin) < limits.count && $0.index < limits[Int($0.origin)] })
        }
        guard known(file.erasures) == known(fresh.erasures) else {
            throw HistoryFailure.damaged("its erasures are not those of the logs")
        }
    }

    /// Folds a log from where a history stands up to an index.
    ///
    /// - Parameters:
    ///   - skipsDamage: passes over bundles that cannot be read; a resync folds their entries when it has mended them.
    ///   - before: sees each batch before the history takes it.
    func fold(
        _ state: LogState, upTo end: UInt64, into history: HistoryStore, skipsDamage: Bool = false,
        before: (borrowing FoldedEntries) throws -> Void = { _ in },
        progress: (UInt64, UInt64) throws -> Void = { _, _ in }
    ) throws {
        let number = try history.originNumber(state.origin.line)
        var position = history.visibleUpTo(number)
        var folding = EntryFolding(history: history)
        while position < end {
            let stop = min(end, (position / Tiling.width + history.bundlesPerBatch) * Tiling.width)
            folding.begin(origin: number, first: position)
            for piece in try readable(state.origin, position..<stop, skipsDamage) {
                guard let piece else {
                    position = min(stop, (position / Tiling.width + 1) * Tiling.width)
                    folding.skip(to: position)
                    continue
                }
                var hashes: [Digest] = []
                piece.appendLeafHashes(to: &hashes)
                folding.add(piece, first: position, hashes: hashes[...])
                position += UInt64(piece.count)
            }
            try before(folding.folded)
            try history.append(folding.folded.batch)
            try progress(position, end)
        }
    }

    /// Entries of a range, with the bodies that erasures hide: where the sizes of standings end before the erasure, what it
    /// names counts, and a history that is folded anew has to hold it as the old one did. Nil stands for the rest of a bundle
    /// that cannot be read.
    private func readable(_ origin: OriginName, _ range: Range<UInt64>, _ skipsDamage: Bool) throws -> [PackedEntries?] {
        func isSkipped(_ error: any Error) -> Bool { skipsDamage && (error as? StoreFailure)?.code == .corrupt }
        do { return try log.packed(origin, range, showsHidden: true) } catch  where isSkipped(error) {}
        var pieces: [PackedEntries?] = []
        var start = range.lowerBound
        while start < range.upperBound {
            let end = min(range.upperBound, (start / Tiling.width + 1) * Tiling.width)
            do { pieces += try log.packed(origin, start..<end, showsHidden: true) } catch  where isSkipped(error) {
                pieces.append(nil)
            }
            start = end
        }
        return pieces
    }
}

/// Compares two histories with the same numbering, subject by subject.
private struct HistoryComparison {
    private static let most = 1_000
    private let stored: HistorySnapshot
    private let fresh: HistorySnapshot
    private let ends: [UInt32: UInt64]
    private let isErased: (HistoryRecord) -> Bool

    init(_ stored: HistorySnapshot, _ fresh: HistorySnapshot, ends: [OriginName: UInt64], node: Node) throws {
        self.stored = stored
        self.fresh = fresh
        var byNumber: [UInt32: UInt64] = [:]
        for (origin, end) in ends { byNumber[try node.history.originNumber(origin.line)] = end }
        self.ends = byNumber
        // A body that an erasure takes away while this goes on may be gone from one and in the other still.
        let erasures = node.history.erasures
        isErased = { !erasures.erasures(ofOrigin: $0.origin, index: $0.index).isEmpty }
    }

    func differences() throws -> [String] {
        let left = try all(stored)
        let right = try all(fresh)
        var differences: [String] = []
        var i = 0
        var j = 0
        while (i < left.count || j < right.count) && differences.count < Self.most {
            if j == right.count || (i < left.count && left[i].subject < right[j].subject) {
                if !left[i].isEmpty { differences.append("\(left[i].subject)") }
                i += 1
            } else if i == left.count || right[j].subject < left[i].subject {
                if !right[j].isEmpty { differences.append("\(right[j].subject)") }
                j += 1
            } else {
                if left[i].hash != right[j].hash { differences.append("\(left[i].subject)") }
                i += 1
                j += 1
            }
        }
        return differences
    }

    private struct Summary {
        let subject: SubjectID
        let hash: Digest
        let isEmpty: Bool
    }

    /// For every subject a hash of its records in the order of their positions, each once.
    private func all(_ snapshot: HistorySnapshot) throws -> [Summary] {
        var summaries: [Summary] = []
        for partition in snapshot.partitions(1) {
            try partition.forEachSubject { subject, history in
                history.records.sort { $0.origin != $1.origin ? $0.origin < $1.origin : $0.index < $1.index }
                var message: [UInt8] = []
                var last: (UInt32, UInt64)?
                for record in history.records
                where record.index < ends[record.origin] ?? 0 && last ?? (.max, 0) != (record.origin, record.index)
                    && !isErased(record)
                {
                    last = (record.origin, record.index)
                    append(record, history.bytes, &message)
                }
                summaries.append(Summary(subject: subject, hash: sha256(message), isEmpty: message.isEmpty))
            }
        }
        return summaries
    }

    private func append(_ record: HistoryRecord, _ bytes: [UInt8], _ message: inout [UInt8]) {
        let words: [UInt64] = [
            UInt64(record.origin), record.index, UInt64(record.kind), UInt64(record.verdict), UInt64(record.day),
            UInt64(record.factor), UInt64(UInt32(bitPattern: record.quantity)), UInt64(record.referenceCount),
            UInt64(record.targetOrigin), record.targetIndex,
        ]
        for word in words { withUnsafeBytes(of: word) { message.append(contentsOf: $0) } }
        let start = Int(record.referenceOffset)
        message.append(contentsOf: bytes[start..<(start + Int(record.referenceCount))])
    }
}
