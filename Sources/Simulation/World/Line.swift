internal import Cryptography
internal import NodeRuntime
internal import Transport

/// The way between two linked nodes, over which one of them dials the other, again and again.
final class Line {
    let world: World
    /// The first one dials.
    let ends: (dialler: City, listener: City)
    /// Until when, and how much, messages take longer: milliseconds of each, and bytes in each further one.
    var slowness: (until: UInt64, delay: ClosedRange<UInt64>, bytesPerMillisecond: Int)?
    /// Whether it is not there at present: a peer of a city with a twin sees one of the two.
    private var isCut = false
    private(set) var wires: [(WireEnd, WireEnd)] = []
    private var dialled: WireEnd?
    private var backoff = Backoff(initialMilliseconds: 100, maximumMilliseconds: 5_000)
    private var isDialling = false
    private var openedAt: UInt64 = 0

    init(_ world: World, _ dialler: City, _ listener: City) {
        self.world = world
        ends = (dialler, listener)
    }

    func touches(_ city: City) -> Bool { ends.dialler === city || ends.listener === city }

    func leads(to place: Int) -> Bool { ends.dialler.place == place || ends.listener.place == place }

    /// The same way to another machine that speaks for the same node.
    func redirected(from city: City, to other: City) -> Line {
        Line(world, ends.dialler === city ? other : ends.dialler, ends.listener === city ? other : ends.listener)
    }

    func setCut(_ isCut: Bool) {
        self.isCut = isCut
        if isCut { breakDown("the connection was reset") } else if dialled == nil { dialLater() }
    }

    func travelMilliseconds(_ byteCount: Int) -> UInt64 {
        guard let slowness, world.now < slowness.until else { return world.draw(world.plan.lineDelay) }
        return world.draw(slowness.delay) + UInt64(byteCount / slowness.bytesPerMillisecond)
    }

    // MARK: Dialling

    /// The dialling node has begun to run.
    func dialAnew() {
        dialled = nil
        backoff = Backoff(initialMilliseconds: 100, maximumMilliseconds: 5_000)
        dialLater()
    }

    private func dialLater() {
        guard !isDialling else { return }
        isDialling = true
        let delay = backoff.next { [world] in Int.random(in: 0..<max(1, $0), using: &world.random) }
        world.after(UInt64(delay)) { [self] in
            isDialling = false
            dial()
        }
    }

    private func dial() {
        guard let life = ends.dialler.life, life.isAlive else { return }
        if let dialled, dialled.isOpen, dialled.life === life { return }
        guard let wire = connect() else { return dialLater() }
        dialled = wire
        openedAt = world.now
    }

    /// A connection, if both nodes run and messages get through in both directions.
    @discardableResult
    func connect() -> WireEnd? {
        guard !isCut, let first = ends.dialler.life, let second = ends.listener.life, first.isAlive, second.isAlive,
            !world.network.isBlocked(from: ends.dialler, to: ends.listener),
            !world.network.isBlocked(from: ends.listener, to: ends.dialler)
        else { return nil }
        let keys = world.federation.keys
        let wire = (
            WireEnd(first, peerKey: keys[ends.listener.place].link.publicKey, line: self),
            WireEnd(second, peerKey: keys[ends.dialler.place].link.publicKey, line: self)
        )
        WireEnd.connect(wire.0, wire.1)
        wires.append(wire)
        return wire.0
    }

    func ended(_ end: WireEnd) {
        wires.removeAll { !$0.0.isOpen && !$0.1.isOpen }
        guard end === dialled else { return }
        dialled = nil
        if world.now >= openedAt + UInt64(backoff.resetAfterMilliseconds) { backoff.reset() }
        dialLater()
    }

    // MARK: Faults

    /// All connections break, and both sides hear of it.
    func breakDown(_ reason: String) {
        for wire in wires {
            wire.0.breakDown(reason)
            wire.1.breakDown(reason)
        }
    }

    /// One side believes that its connections have ended; the other hears nothing of it.
    func halfOpen(deaf: City) {
        for wire in wires {
            let (here, there) = wire.0.life.city === deaf ? (wire.0, wire.1) : (wire.1, wire.0)
            here.goDeaf()
            there.breakDown("the connection was lost")
        }
    }

    /// A node has died; its peers hear of it, or nothing where the machine is gone too.
    func died(_ city: City, isSilent: Bool) {
        for wire in wires {
            let (dead, peer) = wire.0.life.city === city ? (wire.0, wire.1) : (wire.1, wire.0)
            if isSilent { peer.goDeaf() } else { peer.breakDown("the connection was reset") }
            dead.breakDown("dead")
        }
        if ends.dialler === city { dialled = nil }
    }
}

/// Which ways are interrupted at present.
final class Network {
    private var blocks: [Int: [(from: Int, to: Int)]] = [:]
    private var lastBlock = 0

    /// Interrupts ways, each in one direction, until what is returned is lifted.
    func block(_ ways: [(from: Int, to: Int)]) -> Int {
        lastBlock += 1
        blocks[lastBlock] = ways
        return lastBlock
    }

    func lift(_ block: Int) { blocks[block] = nil }
    func liftAll() { blocks = [:] }

    func isBlocked(from: City, to: City) -> Bool {
        !blocks.isEmpty && blocks.values.contains { $0.contains { $0.from == from.place && $0.to == to.place } }
    }
}
