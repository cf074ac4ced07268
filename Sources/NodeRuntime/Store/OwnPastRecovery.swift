internal import Cryptography
internal import Federation
internal import Storage
internal import Synchronization
internal import TransparencyLog

// A city that was restored from an old copy: while its own past is fetched from its peers, what it records waits aside.
extension LogWriter {
    /// Takes what was recorded and never published off the end of the own log, and has what is recorded from now on kept
    /// aside. True where the stored log was changed by that.
    func makeRoomForPast() throws -> Bool {
        let isReady = isDiverting && node.log.state(node.origin).map { $0.size == $0.signedSize } ?? true
        if isReady { return false }
        return try exclusively { [self] in
            setDiverting(true)
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
        try log.write { transaction in
            for origin in unsigned { _ = try transaction.setAsideUnsigned(origin) }
        }
        recorded.forget()
        try rebuildHistory()
        return true
    }

    /// Appends what was set aside to the own log, but for what turns out to stand there already.
    func putBackAside() throws {
        var places = AsidePlaces(own: origin)
        try log.forEachAside { places.expect($0) }
        try places.findKnown(in: log)
        try log.write { transaction in
            try transaction.forEachAside { run in
                let (items, hashes) = try places.moved(run, to: transaction.state(origin)?.size ?? 0)
                if items.count > 0 { try transaction.append(origin, [items], leafHashes: hashes) }
            }
            try transaction.clearAside()
        }
        recorded.forget()
    }
}

/// Where entries that were set aside come to stand: each index that an entry had leads to the one that it gets. An entry
/// whose body is gone says nothing any more and stays behind, and so does what names it.
private struct AsidePlaces {
    private let own: OriginName
    /// The indices that entries had, log by log: the first one, and the new ones of it and its followers.
    private var moves: [OriginName: (first: UInt64, indices: [UInt64?])] = [:]
    /// Entries of the own log that were set aside, by leaf hash, and where the same ones stand in the fetched past: the copy
    /// was made after they had been recorded and before they were published.
    private var expected: Set<Digest> = []
    private var known: [Digest: UInt64] = [:]

    init(own: OriginName) { self.own = own }

    mutating func expect(_ run: AsideRun) {
        guard let place = run.place else { return }
        if moves[place.origin] == nil { moves[place.origin] = (place.first, []) }
        guard place.origin == own else { return }
        run.items.forEach { _, item in expected.insert(item.leafHash) }
    }

    mutating func findKnown(in log: LogStore) throws {
        guard let first = moves[own]?.first, let size = log.state(own)?.size else { return }
        var index = first
        while index < size {
            let end = min(size, (index / Tiling.width + 64) * Tiling.width)
            for piece in try log.packed(own, index..<end) {
                piece.forEach { _, item in
                    let hash = item.leafHash
                    if expected.contains(hash) { known[hash] = index }
                    index += 1
                }
            }
        }
    }

    /// The entries of a run as they are to be appended to a log of `size` entries.
    mutating func moved(_ run: AsideRun, to size: UInt64) throws -> (PackedEntries, [Digest]) {
        var builder = PackedEntriesBuilder()
        var hashes: [Digest] = []
        for (entry, body) in run.items.unpacked {
            if let place = run.place, let index = known[leafHash(entry)], place.origin == own {
                moves[place.origin]?.indices.append(index)
                continue
            }
            let moved = Entry.hasBody(entry) && body.isEmpty ? nil : try retargeted(entry, body)
            if let place = run.place {
                moves[place.origin]?.indices.append(moved.map { _ in size + UInt64(builder.count) })
            }
            guard let moved else { continue }
            builder.append(entry: moved.entry, body: moved.body)
            hashes.append(leafHash(moved.entry))
        }
        return (builder.finish(), hashes)
    }

    /// An entry that names one that has moved names it where it is now; nil for one whose target stays behind.
    private func retargeted(_ bytes: [UInt8], _ body: [UInt8]) throws -> (entry: [UInt8], body: [UInt8])? {
        guard let entry = try? Entry(decoding: bytes) else { return (bytes, body) }
        if case .erasure(let target, let ground) = entry.content {
            return moved(target).map { (Entry(erasing: $0, ground: ground, recordedAt: entry.recordedAt).encoded, []) }
        }
        guard let decoded = try? Body(decoding: body, kind: entry.kind), let target = Self.target(decoded.content) else {
            return (bytes, body)
        }
        guard let moved = moved(target) else { return nil }
        let new = Body(
            salt: decoded.salt, day: decoded.day, subject: decoded.subject, content: Self.naming(moved, decoded.content),
            extensions: decoded.extensions
        ).encoded
        return (Entry(kind: entry.kind, recordedAt: entry.recordedAt, commitment: sha256(new)).encoded, new)
    }

    private static func target(_ content: Body.Content) -> Position? {
        switch content {
        case .retraction(let target, _), .appeal(let target, _), .ruling(let target, _, _): target
        case .observation, .enrolment, .withdrawal: nil
        }
    }

    private static func naming(_ target: Position, _ content: Body.Content) -> Body.Content {
        switch content {
        case .retraction(_, let reason): .retraction(target: target, reason: reason)
        case .appeal(_, let reason): .appeal(target: target, reason: reason)
        case .ruling(_, let verdict, let reason): .ruling(target: target, verdict: verdict, reason: reason)
        case .observation, .enrolment, .withdrawal: content
        }
    }

    /// Where a position is now; nil where its entry stays behind.
    private func moved(_ target: Position) -> Position? {
        guard let origin = OriginName(target.origin), let move = moves[origin], target.index >= move.first,
            target.index - move.first < UInt64(move.indices.count)
        else { return target }
        return move.indices[Int(target.index - move.first)].map { Position(origin: own.line, index: $0) }
    }
}
