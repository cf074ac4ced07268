internal import Federation
internal import NodeRuntime
internal import Storage

/// A federation of whole nodes in one thread under virtual time. One seed decides everything that happens.
final class World: @unchecked Sendable {
    let plan: Plan
    let federation: SimulatedFederation
    /// Milliseconds since the beginning.
    private(set) var now: UInt64 = 0
    var random: SeededRandom
    private(set) var cities: [City] = []
    var lines: [Line] = []
    let network = Network()
    let watch: WireWatch
    let ledger = Ledger()
    private(set) var counts: [FaultKind: Int] = [:]
    /// Of everything that arrived, when and where: equal for equal runs.
    private(set) var trace: UInt64 = 0xcbf2_9ce4_8422_2325
    private(set) var hostility: Hostility?
    /// Cities whose own past lies on no disk any more: they wait for it, and publish nothing, as they must.
    var stranded: Set<Int> = []
    var isTold = false
    var isFaulty = true
    /// Whether an operator's command that takes its time is under way.
    var isCommanding = false
    /// What happened and must not, whatever it led to.
    var mishaps: [String] = []
    /// When the authority last decided about a forked log that does not have its decided end there yet.
    var decidedAt: [String: UInt64] = [:]
    private var queue = EventQueue<() -> Void>()
    private var lastIdentifier: UInt64 = 0

    init(_ plan: Plan) throws {
        self.plan = plan
        random = SeededRandom(seed: plan.seed)
        federation = try SimulatedFederation(count: plan.nodes, links: plan.links, seed: plan.seed)
        watch = WireWatch(federation)
        cities = (0..<plan.nodes).map { City(place: $0, federation, seed: plan.seed &* 31 &+ UInt64($0)) }
        for city in cities {
            settle(city)
            city.clockError = plan.clockErrors[city.place]
        }
        if let place = plan.hostile {
            watch.hostile = [place]
            hostility = Hostility(cities[place], federation)
        }
        lines = plan.links.map { Line(self, cities[$0.0], cities[$0.1]) }
    }

    /// Gives a city its place in the world.
    func settle(_ city: City) {
        city.disk.wallMilliseconds = { [unowned self, unowned city] in city.wallMilliseconds(now) }
        city.disk.onHalt = { [unowned self, unowned city] in died(city) }
    }

    /// All machines, a twin among them.
    var machines: [City] { cities + [hostility?.twin].compactMap(\.self) }

    // MARK: Time

    func at(_ time: UInt64, _ work: @escaping () -> Void) { queue.push(work, at: time) }
    func after(_ milliseconds: UInt64, _ work: @escaping () -> Void) { queue.push(work, at: now + milliseconds) }

    func run(_ milliseconds: UInt64) {
        let end = now + milliseconds
        while let time = queue.nextTime, time <= end, let (due, work) = queue.pop() {
            now = max(now, due)
            work()
        }
        now = max(now, end)
    }

    // MARK: Chance and counters

    func draw(_ range: ClosedRange<UInt64>) -> UInt64 { UInt64.random(in: range, using: &random) }
    func draw<Element>(_ elements: [Element]) -> Element? { elements.randomElement(using: &random) }
    func count(_ kind: FaultKind, _ number: Int = 1) { counts[kind, default: 0] += number }

    func nextIdentifier() -> UInt64 {
        lastIdentifier += 1
        return lastIdentifier
    }

    func noteArrival(_ type: UInt8, _ payload: [UInt8], at city: City) {
        count(.delivered)
        mix(now)
        mix(UInt64(city.place) << 32 | UInt64(type) << 24 | UInt64(payload.count))
        payload.withUnsafeBytes { bytes in
            var place = 0
            while place + 8 <= bytes.count {
                mix(bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self))
                place += 8
            }
        }
    }

    private func mix(_ word: UInt64) {
        trace = (trace ^ word) &* 0x0000_0100_0000_01b3
        trace ^= trace >> 29
    }

    func tell(_ text: @autoclosure () -> String) {
        if isTold { print("\(now)ms \(text())") }
    }

    // MARK: Lives

    func startAll() { for city in cities { start(city) } }

    /// Starts a node; one that refuses to start is tried again later, or mended by its operator.
    func start(_ city: City) {
        guard city.life == nil else { return }
        city.restartsAt = nil
        let life = Life(self, city)
        city.life = life
        do {
            try life.start(federation)
            noteUndermining(of: city)
            if city.ownDisk != nil { noticeStrangeDisk(city, life) }
            tell("\(city.name) runs, its log is \(life.node?.log.state(city.origin)?.size ?? 0) long")
            for line in lines where line.ends.dialler === city { line.dialAnew() }
        } catch {
            tell("\(city.name) does not start: \(error)")
            if city.disk.isHalted { return }
            life.bury()
            city.life = nil
            couldNotStart(city, error)
        }
    }

    /// The node on this disk is dead: nothing of it is heard any more. What is left of it is buried in a moment.
    private func died(_ city: City) {
        tell("\(city.name) dies")
        let outage = city.outage ?? (random.chance(50) ? .power : .process)
        city.outage = nil
        after(0) { [self] in
            for line in lines where line.touches(city) { line.died(city, isSilent: outage == .power) }
            city.disk.crash(outage, using: &random)
            city.life?.bury()
            city.life = nil
            afterDeath(city)
            restart(city, after: draw(plan.downtime))
        }
    }

    func restart(_ city: City, after milliseconds: UInt64) {
        city.restartsAt = now + milliseconds
        after(milliseconds) { [self] in if city.restartsAt.map({ $0 <= now }) == true { start(city) } }
    }

    func stop(_ city: City) {
        guard let life = city.life, life.isAlive else { return }
        tell("\(city.name) is stopped")
        life.stop()
        for line in lines where line.touches(city) { line.died(city, isSilent: false) }
        // It may have died while it was being stopped.
        if !city.disk.isHalted { city.life = nil }
    }

    /// Lets go of everything.
    func end() {
        for city in machines {
            city.disk.onHalt = nil
            city.life?.bury()
            city.life = nil
        }
        queue = EventQueue()
    }
}
