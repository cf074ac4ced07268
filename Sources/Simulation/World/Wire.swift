internal import NodeRuntime

/// One connection between two nodes, as TCP gives it: what arrives in one direction arrives in order, or the connection
/// ends. Time, loss and silence are the network's.
final class WireEnd: PeerLink, @unchecked Sendable {
    private enum Parcel {
        case message(type: UInt8, payload: [UInt8])
        /// The other side has closed.
        case end
    }

    let identifier: UInt64
    let peerKey: [UInt8]
    let life: Life
    let line: Line
    private let world: World
    private(set) var other: WireEnd?
    private(set) var isOpen = true
    private(set) var bytesSent: UInt64 = 0
    private(set) var bytesReceived: UInt64 = 0
    /// On its way to this end, in order.
    private var coming: [(at: UInt64, parcel: Parcel)] = []
    private var isExpecting = false
    /// Nothing arrives here any more, and this side does not notice.
    private var isDeaf = false

    init(_ life: Life, peerKey: [UInt8], line: Line) {
        self.life = life
        self.peerKey = peerKey
        self.line = line
        world = life.world
        identifier = life.world.nextIdentifier()
    }

    static func connect(_ first: WireEnd, _ second: WireEnd) {
        first.other = second
        second.other = first
        for end in [first, second] { end.life.after(0) { end.life.sync?.opened(end) } }
    }

    func send(type: UInt8, parts: [ArraySlice<UInt8>]) {
        guard isOpen, life.isAlive, let other else { return }
        let payload = parts.count == 1 ? Array(parts[0]) : parts.flatMap(\.self)
        bytesSent += UInt64(payload.count) + 5
        world.watch.sent(type, payload, from: life.city)
        guard let said = world.said(type, payload, by: life.city) else { return }
        other.expect(.message(type: type, payload: said), byteCount: said.count)
    }

    /// Sends what the node did not say.
    func inject(_ type: UInt8, _ payload: [UInt8]) {
        if isOpen { other?.expect(.message(type: type, payload: payload), byteCount: payload.count) }
    }

    /// Closes after what was sent.
    func close() {
        guard isOpen else { return }
        isOpen = false
        other?.expect(.end, byteCount: 0)
        ended("closed here")
    }

    private func expect(_ parcel: Parcel, byteCount: Int) {
        guard isOpen, !isDeaf else { return }
        let at = max(coming.last?.at ?? 0, world.now + line.travelMilliseconds(byteCount))
        coming.append((at, parcel))
        expectNext()
    }

    private func expectNext() {
        guard !isExpecting, let next = coming.first else { return }
        isExpecting = true
        world.at(max(next.at, world.now)) { [self] in
            isExpecting = false
            arrive()
        }
    }

    private func arrive() {
        guard isOpen, !isDeaf, life.isAlive, let next = coming.first else { return coming.removeAll() }
        guard let sender = other?.life.city, !world.network.isBlocked(from: sender, to: life.city) else {
            // What does not get through is sent again, for as long as both sides keep the connection.
            coming[0].at = world.now + 200
            world.count(.held)
            return expectNext()
        }
        coming.removeFirst()
        switch next.parcel {
        case .message(let type, let payload):
            bytesReceived += UInt64(payload.count) + 5
            world.noteArrival(type, payload, at: life.city)
            life.sync?.received(type, payload, from: self)
        case .end:
            isOpen = false
            ended("closed by the other side")
        }
        expectNext()
    }

    /// The connection breaks: what is on its way is lost, and this side hears of it.
    func breakDown(_ reason: String) {
        guard isOpen else { return }
        isOpen = false
        world.count(.lost, coming.count)
        coming.removeAll()
        ended(reason)
    }

    /// The connection dies without a word to this side.
    func goDeaf() {
        isDeaf = true
        world.count(.lost, coming.count)
        coming.removeAll()
    }

    private func ended(_ reason: String) {
        life.after(0) { [self] in
            life.sync?.closed(self, reason)
            other = nil
        }
        line.ended(self)
    }
}
