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
        try log.write { transaction in
            for origin in unsigned { _ = try transaction.setAsideUnsigned(origin) }
        }
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
        guard !moving.isEmpty else { return }
        try log.write { transaction in
            for origin in moving { _ = try transaction.setAsideUnsigned(origin) }
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

/// Where entries that were set aside come to stand: each index that an entry had leads to the one that it gets. An entry
/// whose body is gone says nothing any more and stays behind, and so does what names it.
private struct AsidePlaces {
    private let own: OriginName
    /// The indices that entries had, log by log: the first one, and the new ones of it and its followers.
    private var moves: [OriginName: (first: UInt64, indices: [UInt64?])] = [:]
    /// Entries that were set aside, and where the same ones stand in the own log already: the copy was made after they had
    /// been recorded and before they were published. Known by what stays when a target moves.
    private var expected: Set<[UInt8]> = []
    private var known: [[UInt8]: UInt64] = [:]

    init(own: OriginName) { self.own = own }

    mutating func expect(_ run: AsideRun) {
        if let place = run.place, moves[place.origin] == nil { moves[place.origin] = (place.first, []) }
        run.items.forEach { _, item in expected.insert(Self.identity(item.bytes)) }
    }

    /// The header, which holds the time, and the salt of the body where there is one; the ground of an erasure.
    private static func identity(_ item: UnsafeRawBufferPointer) -> [UInt8] {
        let isErasure = item.count > 1 && item[1] == EventKind.erasure.rawValue
        return isErasure
            ? Array(item.prefix(Entry.headerBytes)) + Array(item.suffix(1))
            : Array(item.prefix(Entry.headerBytes + Body.saltBytes))
    }

    mutating func findKnown(in log: LogStore) throws {
        guard !expected.isEmpty, let size = log.state(own)?.size else { return }
        var index: UInt64 = 0
        while index < size {
            let end = min(size, (index / Tiling.width + 64) * Tiling.width)
            for piece in try log.packed(own, index..<end) {
                piece.forEach { _, item in
                    let identity = Self.identity(item.bytes)
                    if expected.contains(identity) { known[identity] = index }
                    index += 1
                }
            }
        }
    }

    /// The entries of a run as they are to be appended to a log of `size` entries.
    mutating func moved(_ run: AsideRun, to size: UInt64) throws -> (PackedEntries, [Digest]) {
        var builder = PackedEntriesBuilder()
        var hashes: [Digest] = []
        var identities: [[UInt8]] = []
        run.items.forEach { _, item in identities.append(Self.identity(item.bytes)) }
        for ((entry, body), identity) in zip(run.items.unpacked, identities) {
            if let index = known[identity] {
                if let place = run.place { moves[place.origin]?.indices.append(index) }
                continue
            }
            let moved = Entry.hasBody(entry) && body.isEmpty ? nil : retargeted(entry, body, isPlaced: run.place != nil)
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
    private func retargeted(
        _ bytes: [UInt8], _ body: [UInt8], isPlaced: Bool
    ) -> (entry: [UInt8], body: [UInt8])? {
        guard let entry = try? Entry(decoding: bytes) else { return (bytes, body) }
        if case .erasure(let target, let ground) = entry.content {
            return moved(target, isPlaced: isPlaced).map {
                (Entry(erasing: $0, ground: ground, recordedAt: entry.recordedAt).encoded, [])
            }
        }
        guard let decoded = try? Body(decoding: body, kind: entry.kind), let target = decoded.content.target else {
            return (bytes, body)
        }
        guard let moved = moved(target, isPlaced: isPlaced) else { return nil }
        let new = Body(
            salt: decoded.salt, day: decoded.day, subject: decoded.subject, content: decoded.content.naming(moved),
            extensions: decoded.extensions
        ).encoded
        return (Entry(kind: entry.kind, recordedAt: entry.recordedAt, commitment: sha256(new)).encoded, new)
    }

    /// Where a position is now; nil where its entry stays behind. What was recorded after entries had been set aside saw the
    /// own log without them.
    private func moved(_ target: Position, isPlaced: Bool) -> Position? {
        guard let origin = OriginName(target.origin), isPlaced || origin != own, let move = moves[origin],
            target.index >= move.first,
            target.index - move.first < UInt64(move.indices.count)
        else { return target }
        return move.indices[Int(target.index - move.first)].map { Position(origin: own.line, index: $0) }
    }
}
