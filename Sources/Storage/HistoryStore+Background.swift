import Synchronization

/// The work in the background: a serial queue that takes one bounded step at a time, the most urgent first, so that
/// neither a merge nor a clean-up keeps a full table waiting for long.
extension HistoryStore {
    /// Has the background look for work; calls too many do no harm.
    func wake() {
        queue.async { [weak self] in self?.work() }
    }

    private func work() {
        if state.withLock({ $0.failure != nil }) { return }
        do {
            let isMoreToDo = try background.withLock { try step(&$0) }
            state.withLock { state in
                state.stall = nil
                wakeWaiters(&state)
            }
            if isMoreToDo { wake() }
        } catch {
            note(error)
            state.withLock { state in
                state.stall = error as? HistoryFailure ?? .unavailable("\(error)")
                wakeWaiters(&state)
            }
            queue.after(options.retryMilliseconds) { [weak self] in self?.work() }
        }
    }

    /// Remembers damage, wherever it was found: from then on all calls throw it. Other failures pass.
    func note(_ error: any Error) {
        guard let failure = error as? HistoryFailure, case .damaged = failure else { return }
        state.withLock { state in
            if state.failure == nil { state.failure = failure }
            wakeWaiters(&state)
        }
    }

    /// One bounded step; false if there is nothing to do.
    private func step(_ background: inout Background) throws -> Bool {
        if let table = state.withLock({ $0.sealed.first }) {
            try write(table, &background)
            return true
        }
        // After a failure, which may be a full disk, what can be deleted goes first.
        if background.isMergingPaused, try emptyTrash(&background) { return true }
        if background.merge != nil {
            try stepMerge(&background)
            return true
        }
        if try chooseMerge(&background) || emptyTrash(&background) { return true }
        return try database.returnPages(limit: options.segmentsPerTransaction)
    }

    // MARK: Writing tables

    private func write(_ table: HistoryTable, _ background: inout Background) throws {
        let id = HistoryRunID(home: .fresh, number: background.nextRun)
        let view = table.view
        var writer = HistoryRunWriter(id, records: view.count)
        view.forEachSorted(view.sorted()) { writer.append($0, $1) }
        let rows = writer.finish()

        let durable = state.withLock { $0.durable }
        let fold = foldState(of: table, durable: durable)
        try database.write { connection in
            try database.store(fold, in: connection)
            guard rows.records > 0 else { return }
            try database.insert(writer.unwritten, of: id, in: connection)
            try database.insertRun(rows, in: connection)
        }
        background.nextRun += 1
        background.isMergingPaused = false
        numbers.withLock { numbers in
            numbers.origins.persisted += fold.origins.count
            numbers.factors.persisted += fold.factors.count
            for name in fold.overflows {
                if name == HistoryDatabase.originOverflow { numbers.origins.overflowPersisted = true }
                if name == HistoryDatabase.factorOverflow { numbers.factors.overflowPersisted = true }
            }
        }
        state.withLock { state in
            state.sealed.removeFirst()
            if rows.records > 0 { state.runs.append(HistoryRun(rows, trash: trash)) }
            state.durable = table.positions
            state.writtenCount += 1
        }
    }

    private func foldState(of table: HistoryTable, durable: [UInt64]) -> HistoryFoldState {
        var fold = HistoryFoldState()
        // Every number that the table uses was given before its records came.
        numbers.withLock { numbers in
            fold.origins = numbers.origins.unpersisted
            fold.factors = numbers.factors.unpersisted
            if numbers.origins.overflowed, !numbers.origins.overflowPersisted {
                fold.overflows.append(HistoryDatabase.originOverflow)
            }
            if numbers.factors.overflowed, !numbers.factors.overflowPersisted {
                fold.overflows.append(HistoryDatabase.factorOverflow)
            }
        }
        for (origin, position) in table.positions.enumerated() {
            if position != (origin < durable.count ? durable[origin] : 0) {
                fold.positions.append((UInt32(origin), position))
            }
        }
        fold.erasures = table.erasures
        return fold
    }

    // MARK: Merging

    private func chooseMerge(_ background: inout Background) throws -> Bool {
        let isPaused = background.isMergingPaused
        let (inputs, isCompaction) = state.withLock { state in
            if state.isCompactionWanted, state.runs.count > 1 { return (state.runs, true) }
            state.noteCompaction()
            return (isPaused ? [] : HistoryMergeJob.choose(from: state.runs, fanIn: options.fanIn), false)
        }
        if inputs.isEmpty { return false }
        let output = HistoryRunID(home: .merged, number: background.nextRun)
        background.nextRun += 1
        background.merge = try HistoryMergeJob(inputs, into: output, isCompaction: isCompaction, database: database)
        return true
    }

    private func stepMerge(_ background: inout Background) throws {
        guard var merge = background.merge.take() else { return }
        do {
            guard let rows = try merge.step(limit: options.segmentsPerTransaction, database: database) else {
                background.merge = merge
                return
            }
            publish(rows, merge, &background)
        } catch {
            // On a full disk the rows written so far are what makes room for the next table: they go first, and no
            // merge but a compaction is tried again before a table could be written.
            background.isMergingPaused = true
            trash.add(merge.output)
            throw error
        }
    }

    private func publish(_ rows: HistoryRun.Rows, _ merge: HistoryMergeJob, _ background: inout Background) {
        let inputs = Set(merge.inputs.map(\.id))
        for input in merge.inputs { background.retired[input.id] = input.rows }
        state.withLock { state in
            state.runs.removeAll { inputs.contains($0.id) }
            if !rows.firsts.isEmpty { state.runs.append(HistoryRun(rows, trash: trash)) }
            if merge.isCompaction { state.noteCompaction() }
        }
        for input in merge.inputs { input.lease.retire() }
    }

    // MARK: Cleaning up

    /// Deletes some rows that nobody needs any more; false if there are none.
    func emptyTrash(_ background: inout Background) throws -> Bool {
        guard let run = trash.first else { return false }
        if try !database.deleteRows(of: run, limit: options.segmentsPerTransaction) {
            trash.remove(run)
            background.retired[run] = nil
        }
        return true
    }
}
