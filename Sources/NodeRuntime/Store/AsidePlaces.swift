internal import Cryptography
internal import Federation
internal import Storage
internal import TransparencyLog

/// Where entries that were set aside come to stand: each index that an entry had leads to the place that it gets. An entry
/// whose body is gone says nothing any more and stays behind, and so does what names it.
struct AsidePlaces {
    private let own: OriginName
    /// Where entries of a log were which were set aside at once: the index of the first, and the new places of it and its
    /// followers.
    private struct Move {
        let generation: UInt64
        let first: UInt64
        var places: [Position?] = []

        func holds(_ index: UInt64) -> Bool { index >= first && index - first < UInt64(places.count) }
    }

    /// The latest first.
    private var moves: [OriginName: [Move]] = [:]
    /// Entries that were set aside, and where the same ones stand in a log of this node already: the copy was made after they
    /// had been recorded and before they were published, or a later decision has given them back to a log that was cut. Known by
    /// what stays when a target moves.
    private var expected: Set<[UInt8]> = []
    private var known: [[UInt8]: Position] = [:]
    /// The same of entries whose body is gone from the log.
    private var knownErased: [[UInt8]: Position] = [:]

    init(own: OriginName) { self.own = own }

    mutating func expect(_ run: AsideRun) {
        if let place = run.place, moves[place.origin]?.last?.generation != place.generation {
            moves[place.origin, default: []].append(Move(generation: place.generation, first: place.first))
        }
        run.items.forEach { _, item in expected.formUnion(Identity(item).all) }
    }

    /// By what an entry that was set aside is known in the log.
    private struct Identity {
        /// The header, which holds the time, with the salt of the body, or with the ground of an erasure.
        let named: [UInt8]
        /// What is left of it where the body was erased since then: the whole entry or, since a correction commits to its
        /// target, the header alone.
        var erased: [UInt8]?
        /// The whole entry; nil for a correction, which is another one when its target moves.
        var whole: [UInt8]?

        init(_ item: PackedItem) {
            named = Self.named(item)
            if item.isVerbatim {
                if item.lacksBody { whole = Array(item.bytes) }
                return
            }
            let entry = item.entry
            let isCorrection =
                (try? Entry(decoding: entry)).flatMap { try? Body(decoding: Array(item.body), kind: $0.kind) }?
                .content.target != nil
            erased = isCorrection ? Array(entry.prefix(Entry.headerBytes)) : entry
            whole = isCorrection ? nil : entry
        }

        static func named(_ item: PackedItem) -> [UInt8] {
            let isErasure = item.bytes.count > 1 && item.bytes[1] == EventKind.erasure.rawValue
            return isErasure
                ? Array(item.bytes.prefix(Entry.headerBytes)) + Array(item.bytes.suffix(1))
                : Array(item.bytes.prefix(Entry.headerBytes + Body.saltBytes))
        }

        var all: [[UInt8]] { [named, erased, whole].compactMap { $0 } }
    }

    private func place(of identity: Identity) -> Position? {
        known[identity.named] ?? identity.whole.flatMap { known[$0] } ?? identity.erased.flatMap { knownErased[$0] }
    }

    mutating func findKnown(in log: LogStore) throws {
        guard !expected.isEmpty else { return }
        for state in log.states where state.origin.nodeLine == own.nodeLine { try findKnown(in: state, log) }
    }

    private mutating func findKnown(in state: LogState, _ log: LogStore) throws {
        var index: UInt64 = 0
        while index < state.size {
            let end = min(state.size, (index / Tiling.width + 64) * Tiling.width)
            for piece in try log.packed(state.origin, index..<end) {
                piece.forEach { _, item in
                    let place = Position(origin: state.origin.line, index: index)
                    let named = Identity.named(item)
                    if expected.contains(named) { known[named] = place }
                    for rest in item.lacksBody ? [Array(item.bytes), Array(item.bytes.prefix(Entry.headerBytes))] : []
                    where expected.contains(rest) {
                        knownErased[rest] = place
                    }
                    index += 1
                }
            }
        }
    }

    /// The entries of a run as they are to be appended to a log of `size` entries.
    mutating func moved(_ run: AsideRun, to size: UInt64) throws -> (PackedEntries, [Digest]) {
        var builder = PackedEntriesBuilder()
        var hashes: [Digest] = []
        var identities: [Identity] = []
        run.items.forEach { _, item in identities.append(Identity(item)) }
        passOver(run.place)
        for ((entry, body), identity) in zip(run.items.unpacked, identities) {
            if let place = place(of: identity) {
                note(place, run.place)
                continue
            }
            let moved = Entry.hasBody(entry) && body.isEmpty ? nil : retargeted(entry, body, run.place)
            let place = Position(origin: own.line, index: size + UInt64(builder.count))
            note(moved.map { _ in place }, run.place)
            guard let moved else { continue }
            // Set aside, fetched again and set aside again, it is one entry.
            known[identity.named] = place
            if let whole = identity.whole { known[whole] = place }
            builder.append(entry: moved.entry, body: moved.body)
            hashes.append(leafHash(moved.entry))
        }
        return (builder.finish(), hashes)
    }

    /// Entries that could not be read when those around them were set aside are nowhere any more.
    private mutating func passOver(_ place: AsideRun.Place?) {
        guard let place, let move = moves[place.origin]?.firstIndex(where: { $0.generation == place.generation }) else {
            return
        }
        let gap = Int(place.first - (moves[place.origin]?[move].first ?? 0)) - (moves[place.origin]?[move].places.count ?? 0)
        if gap > 0 { moves[place.origin]?[move].places += Array(repeating: nil, count: gap) }
    }

    private mutating func note(_ position: Position?, _ place: AsideRun.Place?) {
        guard let place, let move = moves[place.origin]?.firstIndex(where: { $0.generation == place.generation }) else {
            return
        }
        moves[place.origin]?[move].places.append(position)
    }

    /// An entry that names one that has moved names it where it is now; nil for one whose target stays behind.
    private func retargeted(
        _ bytes: [UInt8], _ body: [UInt8], _ place: AsideRun.Place?
    ) -> (entry: [UInt8], body: [UInt8])? {
        guard let entry = try? Entry(decoding: bytes) else { return (bytes, body) }
        if case .erasure(let target, let ground) = entry.content {
            return moved(target, place).map {
                (Entry(erasing: $0, ground: ground, recordedAt: entry.recordedAt).encoded, [])
            }
        }
        guard let decoded = try? Body(decoding: body, kind: entry.kind), let target = decoded.content.target else {
            return (bytes, body)
        }
        guard let moved = moved(target, place) else { return nil }
        let new = Body(
            salt: decoded.salt, day: decoded.day, subject: decoded.subject, content: decoded.content.naming(moved),
            extensions: decoded.extensions
        ).encoded
        return (Entry(kind: entry.kind, recordedAt: entry.recordedAt, commitment: sha256(new)).encoded, new)
    }

    /// Where a position is now; nil where its entry stays behind. What was recorded after entries had been set aside saw the
    /// own log without them; and of another log as it was before it was cut last, what an entry of the log itself stood with
    /// or saw cut later.
    private func moved(_ target: Position, _ place: AsideRun.Place?) -> Position? {
        guard let origin = OriginName(target.origin), place != nil || origin != own, let moves = moves[origin] else {
            return target
        }
        let move =
            if let place, place.origin == origin {
                moves.last { $0.generation >= place.generation && $0.holds(target.index) }
            } else {
                moves.first { $0.holds(target.index) }
            }
        guard let move else { return target }
        return move.places[Int(target.index - move.first)]
    }
}
