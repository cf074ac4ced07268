import Dispatch
import Scoring
import Synchronization

/// Appending: what a batch says is visible to queries when the call returns, and durable some time later.
extension HistoryStore {
    private enum Outcome {
        case done
        case sealed
        case waiting
    }

    /// Bundles of entries that one batch may hold, whatever they are.
    package var bundlesPerBatch: UInt64 { options.bundlesPerBatch }

    /// Folds the entries of a batch. What the store has already is skipped, so a fold may always start again from
    /// ``foldedUpTo(_:)`` or earlier. Waits while the disk is too far behind.
    ///
    /// Throws ``HistoryFailure/gap(expected:)`` if entries before the batch are missing.
    package func append(_ batch: HistoryBatch) throws {
        let isKnown = numbers.withLock { Int(batch.origin) < $0.origins.table.count }
        precondition(isKnown, "an origin is numbered by the store before its entries are folded")
        try untilThereIsRoom { try add(batch) }
    }

    /// Adds what a batch holds without moving a position, for ``insertLate(_:)``.
    func put(_ batch: HistoryBatch) throws {
        try untilThereIsRoom { try put(batch, from: batch.first) }
    }

    private func untilThereIsRoom(_ attempt: () throws -> Outcome) throws {
        while true {
            switch try appending.withLock({ _ in try attempt() }) {
            case .done: return
            case .sealed: return wake()
            case .waiting: queue.wait(for: change)
            }
        }
    }

    private func add(_ batch: HistoryBatch) throws -> Outcome {
        let origin = Int(batch.origin)
        let position = state.withLock { state in
            while state.visible.count <= origin { state.visible.append(0) }
            return state.visible[origin]
        }
        if batch.end <= position { return .done }
        if batch.first > position { throw HistoryFailure.gap(expected: position) }
        return try put(batch, from: position) { $0.visible[origin] = batch.end }
    }

    /// Puts what a batch holds from a position on into the table in memory; nothing if it has to wait.
    ///
    /// - Parameter note: what else becomes visible with it.
    private func put(
        _ batch: HistoryBatch, from position: UInt64, note: (inout State) -> Void = { _ in }
    ) throws -> Outcome {
        let table: HistoryTable
        var outcome = Outcome.done
        switch try room(for: batch) {
        case .waiting: return .waiting
        case .here(let active): table = active
        case .inNewTable:
            table = seal()
            outcome = .sealed
        }
        // Behind what queries see: they need not wait for it.
        let added = table.write(batch, from: position)
        state.withLock { state in
            table.show(added)
            for erasure in batch.erasures where erasure.index >= position { state.erasures.insert(erasure) }
            note(&state)
        }
        return outcome
    }

    private enum Room {
        case here(HistoryTable)
        case inNewTable
        case waiting
    }

    private func room(for batch: HistoryBatch) throws -> Room {
        try state.withLock { state in
            if let failure = state.failure { throw failure }
            guard state.active.couldHold(batch) else { throw HistoryFailure.batchTooLarge }
            if state.active.hasRoom(for: batch) { return .here(state.active) }
            guard state.sealed.count < options.waitingTables else {
                if let stall = state.stall { throw stall }
                state.waiters += 1
                return .waiting
            }
            return .inNewTable
        }
    }

    /// Has the next table take the appends, and the one before wait for the disk; under the lock for appends.
    @discardableResult
    private func seal() -> HistoryTable {
        // Making one touches much memory, for which no query should wait.
        let next = HistoryTable(capacity: options.tableRecords, payloadCapacity: options.tableBytes)
        state.withLock { state in
            state.active.positions = state.visible
            state.sealed.append(state.active)
            state.sealedCount += 1
            state.active = next
        }
        return next
    }

    /// Writes everything that is in memory, and waits until it is in the file.
    package func flush() throws {
        // The disk gets another chance now.
        state.withLock { $0.stall = nil }
        wake()
        try wait { !$0.active.isTouched || $0.sealed.count < options.waitingTables }
        let target = appending.withLock { _ in
            if state.withLock({ $0.active.isTouched }) { seal() }
            return state.withLock { $0.sealedCount }
        }
        wake()
        try wait { $0.writtenCount >= target }
    }

    /// Merges all runs into one, and waits until that is done; appends go on meanwhile.
    package func compact() throws {
        try flush()
        let target = state.withLock { $0.wantCompaction() }
        wake()
        try wait { $0.compactions >= target }
    }

    /// Writes what is in memory, if the disk lets it, and closes the file. Snapshots can no longer be read then.
    package func close() {
        // Whatever cannot be written now will be folded again.
        try? flush()
        queue.sync {
            let isFirst = state.withLock { state in
                defer { state.isClosed = true }
                if state.failure == nil { state.failure = .closed }
                wakeWaiters(&state)
                return !state.isClosed
            }
            guard isFirst else { return }
            background.withLock { $0.merge = nil }
            try? database.close()
        }
    }

    /// Waits until `isReached`, or throws what stands in the way.
    private func wait(until isReached: (State) -> Bool) throws {
        while true {
            let isDone = try state.withLock { state in
                if let failure = state.failure { throw failure }
                if isReached(state) { return true }
                if let stall = state.stall { throw stall }
                state.waiters += 1
                return false
            }
            if isDone { return }
            queue.wait(for: change)
        }
    }

    /// To be called under the lock after anything that somebody may wait for.
    func wakeWaiters(_ state: inout State) {
        for _ in 0..<state.waiters { change.signal() }
        state.waiters = 0
    }
}
