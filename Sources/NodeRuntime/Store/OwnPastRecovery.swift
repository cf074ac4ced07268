internal import Cryptography
internal import Federation
internal import Storage
internal import TransparencyLog

// A city that was restored from an old copy: while its own past is fetched from its peers, what it records waits aside.
extension LogWriter {
    /// Takes what was recorded and never published off the end of the own log, and has what is recorded from now on kept
    /// aside. True where the stored log was changed by that.
    func makeRoomForPast() throws -> Bool {
        let isReady = isDiverting && node.log.state(node.origin).map { $0.size == $0.signedSize } ?? true
        if isReady { return false }
        return try exclusively { [self] in
            guard !isConfirmed else { return false }
            setDiverting(true)
            noteRoomMade()
            return try node.setAsideUnsigned([node.origin])
        }
    }
}

extension Node {
    /// Takes the entries that nothing signed covers off the ends of logs of this node. The history forgets them too. True
    /// where there were any.
    func setAsideUnsigned(_ origins: [OriginName]) throws -> Bool {
        let unsigned = origins.filter { origin in log.state(origin).map { $0.signedSize < $0.size } ?? false }
        guard !unsigned.isEmpty else { return false }
        try moveAside(unsigned)
        writer.noteHistoryAhead()
        recorded.forget()
        try writer.settleHistory()
        return true
    }

    /// The same before the history is opened: what nothing signed covers at the ends of the own logs of earlier epochs, and,
    /// where something is aside already, of the present one.
    func makeRoomAtStart() throws {
        guard !log.isReadOnly else { return }
        let unsigned = log.states.filter { $0.origin.nodeLine == origin.nodeLine && $0.signedSize < $0.size && $0.isSound }
        let past = unsigned.map(\.origin).filter { $0 != origin }
        let isDiverting = try !past.isEmpty || log.asideCount() > 0
        let moving = past + (isDiverting ? unsigned.map(\.origin).filter { $0 == origin } : [])
        if !moving.isEmpty { try moveAside(moving) }
    }

    /// What was published and is stored counts as signed, also where the store has lost the checkpoint: nobody else may be able
    /// to show it to this node. It signs again what it has signed before.
    func restoreSignature() throws {
        guard !log.isReadOnly, let checkpoint = published.initial, let state = log.state(origin), state.isSound,
            state.signedSize < checkpoint.size, checkpoint.size <= state.size,
            try log.root(origin, at: checkpoint.size) == checkpoint.root
        else { return }
        // Without room for it the next start does so.
        try? log.write { try $0.setCheckpoint(SignedCheckpoint(signing: checkpoint, with: logKey)) }
    }

    private func moveAside(_ origins: [OriginName]) throws {
        try log.write { transaction in
            for origin in origins { try transaction.setAsideUnsigned(origin) }
        }
    }

    /// Appends what was set aside to the own log, but for what turns out to stand there already.
    func putBackAside() throws {
        var places = AsidePlaces(own: origin)
        try log.forEachAside { places.expect($0) }
        try places.findKnown(in: log)
        let first = log.state(origin)?.size ?? 0
        try log.write { transaction in
            var written: [Digest] = []
            try transaction.forEachAside { run in
                let (items, hashes) = try places.moved(run, to: transaction.state(origin)?.size ?? 0)
                if items.count > 0 { try transaction.append(origin, [items], leafHashes: hashes) }
                written += hashes
            }
            guard try written.isEmpty || transaction.readBack(origin, from: first) == written else {
                throw NodeFailure(.storage, "the store gives back other bytes than were written: check the disk and memory")
            }
            try transaction.clearAside()
        }
        recorded.forget()
    }
}
