internal import Federation
internal import NodeRuntime
internal import Storage

// What no city can be blamed for: events of which no disk is left.
extension World {
    /// A city's disk loses all that came after a moment: promises that no other disk holds cannot be kept.
    ///
    /// - Parameter besidesOwn: whether only what the city's store does not show any more is lost.
    func noteLoss(of city: City, keepingUpTo kept: UInt64, besidesOwn: Bool = false) {
        let others = cities.filter { ($0 !== city || besidesOwn) && $0.isRunning }
        let held = others.reduce(into: Set<[UInt8]>()) { held, other in
            if let node = other.node { marks(node, into: &held) }
        }
        for (place, promise) in ledger.promises.enumerated() where !promise.isExcused {
            if promise.city == city.place, promise.at <= kept, city.lostAt ?? 0 <= promise.at { continue }
            let home = cities[promise.city]
            if home !== city, home.lostAt ?? 0 <= promise.at { continue }
            if held.contains(Self.key(promise.city, promise.mark)) { continue }
            ledger.excuse(place)
            count(.excusedLoss)
        }
        city.lostAt = now
    }

    /// A mark, and the city whose log it stands in.
    private static func key(_ city: Int, _ mark: [UInt8]) -> [UInt8] { [UInt8(truncatingIfNeeded: city)] + mark }

    private func marks(_ node: Node, into held: inout Set<[UInt8]>) {
        for state in node.log.states where state.size > 0 {
            guard let place = federation.topology.index(ofOrigin: state.origin.line),
                let pieces = try? node.log.packed(state.origin, 0..<state.size)
            else { continue }
            for piece in pieces { note(piece, place, into: &held) }
        }
        guard let own = federation.topology.index(ofOrigin: node.origin.line) else { return }
        try? node.log.forEachAside { note($0.items, own, into: &held) }
    }

    private func note(_ piece: PackedEntries, _ place: Int, into held: inout Set<[UInt8]>) {
        for (entry, body) in piece.unpacked {
            guard let entry = try? Entry(decoding: entry), let body = try? Body(decoding: body, kind: entry.kind),
                let mark = body.content.mark
            else { continue }
            held.insert(Self.key(place, mark))
        }
    }
}
