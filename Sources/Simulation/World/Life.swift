internal import Encoding
internal import Logging
internal import NodeRuntime
internal import Storage

/// One run of a node's program, from its start to its death.
///
/// A node dies in the middle of whatever it does: what it still says and does after that is heard by nobody. Its objects
/// are let go of when nothing of it is under way any more.
final class Life: @unchecked Sendable {
    let world: World
    let city: City
    private(set) var node: Node?
    private(set) var sync: SyncService?
    private(set) var commands: NodeCommands?
    private var chores: Chores?
    private var lanes: [SimulatedLane] = []
    private var isEnded = false

    init(_ world: World, _ city: City) {
        self.world = world
        self.city = city
    }

    var isAlive: Bool { !isEnded && !city.disk.isHalted }

    /// Opens the stores and begins to work; throws what the node refuses to start with.
    func start(_ federation: SimulatedFederation) throws {
        let node = try Node(
            folder: NodeFolder(""), identity: NodeIdentity(node: federation.name(city.place), epoch: 1),
            files: federation.files, keys: federation.keys[city.place], environment: environment())
        self.node = node
        let logger = Logger(label: city.name) { [world] in WorldLog(name: $0, world: world) }
        let sync = try SyncService(node: node, logger: logger)
        self.sync = sync
        commands = NodeCommands(node: node, sync: sync)
        let chores = Chores(node: node, logger: logger)
        self.chores = chores
        sync.start()
        chores.start()
    }

    private func environment() -> NodeEnvironment {
        var environment = NodeEnvironment()
        let (world, city) = (world, city)
        environment.wallMilliseconds = { city.wallMilliseconds(world.now) }
        environment.steadyMilliseconds = { world.now }
        environment.randomBytes = { world.random.bytes($0) }
        environment.pause = { world.run($0) }
        environment.makeLane = { [unowned self] in lane(world.plan.delay(of: $0)) }
        environment.scoringThreads = 1
        environment.files = NodeDisk(disk: city.disk)
        environment.logOptions.files = city.disk
        environment.logOptions.checkpointPages = world.plan.checkpointPages
        environment.logOptions.cacheKibibytes = 1_024
        environment.historyOptions.files = city.disk
        environment.historyOptions.makeBackground = { [unowned self] in lane(0...2) }
        environment.historyOptions.tableRecords = world.plan.tableRecords
        environment.historyOptions.tableBytes = 1 << 20
        return environment
    }

    private func lane(_ delay: ClosedRange<UInt64>) -> SimulatedLane {
        let lane = SimulatedLane(self, delay: delay)
        lanes.append(lane)
        return lane
    }

    /// Something that happens later, unless the node is dead by then.
    func after(_ milliseconds: UInt64, _ work: @escaping () -> Void) {
        world.after(milliseconds) { [self] in if isAlive { work() } }
    }

    /// A command as the command line gives it.
    func command(_ name: String, _ members: [(String, JSONValue)] = []) throws -> JSONValue {
        guard let commands else { throw NodeFailure(.unavailable, "the node does not run") }
        let request = [JSONMember("command", .string(name))] + members.map { JSONMember($0.0, $0.1) }
        return try commands.handle(.object(request), drafts: nil) { _ in }
    }

    /// Ends in order, as after a signal.
    func stop() {
        chores?.stop()
        sync?.stop()
        try? node?.close()
        forget()
    }

    /// Lets go of a node that died.
    func bury() {
        isEnded = true
        try? node?.close()
        forget()
    }

    private func forget() {
        isEnded = true
        for lane in lanes { lane.clear() }
        lanes = []
        chores = nil
        commands = nil
        sync = nil
        node = nil
    }
}

/// What nodes log, for those who look at one seed.
struct WorldLog: LogHandler {
    let name: String
    let world: World
    var metadata: Logger.Metadata = [:]
    var logLevel: Logger.Level {
        get { world.isTold ? .debug : .critical }
        set {}
    }

    init(name: String, world: World) {
        self.name = name
        self.world = world
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { world.tell("\(name) \(event.level): \(event.message)") }
}
