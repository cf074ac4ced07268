/// The sessions of a replica, in order of their numbers: few, so a plain array serves.
struct SessionTable: ~Copyable {
    private var slots: [Box] = []

    // A noncopyable value cannot lie in an Array; the box is never shared.
    private final class Box {
        let identifier: SessionID
        var session: PeerSession

        init(_ session: consuming PeerSession) {
            identifier = session.identifier
            self.session = session
        }
    }

    var count: Int { slots.count }
    var identifiers: [SessionID] { slots.map(\.identifier) }

    /// Index of the first session whose number is not below `identifier`.
    private func position(_ identifier: SessionID) -> Int {
        var low = 0
        var high = slots.count
        while low < high {
            let middle = (low + high) / 2
            if slots[middle].identifier < identifier { low = middle + 1 } else { high = middle }
        }
        return low
    }

    func slot(_ identifier: SessionID) -> Int? {
        let index = position(identifier)
        return index < slots.count && slots[index].identifier == identifier ? index : nil
    }

    mutating func insert(_ session: consuming PeerSession) {
        let index = position(session.identifier)
        slots.insert(Box(session), at: index)
    }

    subscript(slot: Int) -> PeerSession {
        _read { yield slots[slot].session }
        _modify { yield &slots[slot].session }
    }

    mutating func remove(_ identifier: SessionID) {
        if let slot = slot(identifier) { slots.remove(at: slot) }
    }
}
