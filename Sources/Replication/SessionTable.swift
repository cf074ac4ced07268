/// The sessions of a replica, in order of their numbers: few, so a plain array serves.
struct SessionTable: ~Copyable {
    private var slots: [Box] = []

    // A noncopyable value cannot lie in an Array; the box is never shared.
    private final class Box {
        var session: PeerSession
        init(_ session: consuming PeerSession) { self.session = session }
    }

    var count: Int { slots.count }
    var identifiers: [SessionID] { slots.map { $0.session.identifier } }

    func slot(_ identifier: SessionID) -> Int? { slots.firstIndex { $0.session.identifier == identifier } }

    mutating func insert(_ session: consuming PeerSession) { slots.append(Box(session)) }

    subscript(slot: Int) -> PeerSession {
        _read { yield slots[slot].session }
        _modify { yield &slots[slot].session }
    }

    mutating func remove(_ identifier: SessionID) {
        slots.removeAll { $0.session.identifier == identifier }
    }
}
