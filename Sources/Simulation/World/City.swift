internal import Federation
internal import NodeRuntime

/// One machine of the simulated federation: a disk, a clock, and the node that runs on it now and then.
final class City: @unchecked Sendable {
    /// Index in the topology.
    let place: Int
    let name: String
    let origin: OriginName
    let disk: SimulatedDisk
    /// Nil while nothing runs.
    var life: Life?
    /// When it may be started again; nil while it runs, and for good where nobody starts it.
    var restartsAt: UInt64?
    /// What its wall clock is ahead of the true time, in milliseconds.
    var clockError: Int64 = 0
    /// Older states of its disk.
    private(set) var images: [(at: UInt64, image: DiskImage)] = []
    /// What its disk is to hold after the death that is under way; nil for what the death left.
    var replacement: (at: UInt64, image: DiskImage)?
    /// What its disk is to hold when the node has refused another city's; nil while it has its own.
    var ownDisk: DiskImage?
    /// What the next death is; nil leaves it to chance.
    var outage: SimulatedDisk.Outage?
    /// What a file of its disk is to suffer when the node is dead.
    var pendingDamage: (kind: FaultKind, file: String)?
    /// Whether its files may be damaged.
    var isDamaged = false
    /// Whether its files were damaged under a running node, or a write will go to another place than it should.
    var isUndermined = false
    /// Whether what could be read of its store was put into a new file since it last ran.
    var isRescued = false
    /// The protocol versions that it says it speaks, where they are not this program's.
    var helloVersions: (minimum: UInt16, maximum: UInt16)?
    /// When the disk last lost something that it had promised to keep.
    var lostAt: UInt64?

    init(place: Int, _ federation: SimulatedFederation, seed: UInt64) {
        self.place = place
        name = federation.name(place)
        guard let origin = OriginName("simulation.example/\(name)/1") else { preconditionFailure("the line is an origin's") }
        self.origin = origin
        disk = SimulatedDisk(seed: seed)
    }

    /// The true time is that of 2026-01-01 when the simulation begins.
    func wallMilliseconds(_ now: UInt64) -> UInt64 { UInt64(max(0, 1_767_225_600_000 + Int64(now) + clockError)) }

    var isRunning: Bool { life?.isAlive == true }

    func keepImage(at time: UInt64) {
        if images.count == 3 { images.removeFirst() }
        images.append((time, disk.image))
    }

    /// The node, while it runs.
    var node: Node? { isRunning ? life?.node : nil }
}
