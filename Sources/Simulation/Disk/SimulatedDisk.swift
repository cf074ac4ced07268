/// A disk in memory, under SQLite and under plain files, that loses at a crash what real ones may lose.
///
/// A file is what programs see, what is durable, and the changes in between; so is the folder. Each durable operation
/// (``DiskAction``) has two moments, before and after it, at which the node can die: the disk halts, everything fails from
/// there on, and ``crash(_:using:)`` decides what is left. Handles from before a crash stay dead, so that what the dead
/// node had open can be closed at any time.
///
/// A disk, and all connections to it, belong to one thread at a time. Files have flat names; slashes mean nothing.
package final class SimulatedDisk: @unchecked Sendable {
    /// What ends: the program, or the machine.
    package enum Outage: Sendable, CaseIterable {
        /// What was written is seen by the next program, and is as durable as it was.
        case process
        /// What was not synced is kept, torn or lost by chance.
        case power
    }

    /// Files with such names lie on another disk, as temporary files do: it is never full, takes no part in steps and
    /// faults, and is empty after every crash.
    package static let temporaryPrefix = "/tmp/"

    var folder = DiskFolder()
    private var temporaryNames = 0
    /// Handles of earlier generations are dead.
    private(set) var generation = 0
    /// Bytes of all files that have names.
    private(set) var usedBytes = 0
    /// Moments passed since the disk was made, two for each durable operation.
    package private(set) var moments = 0
    /// The moment at which the disk halts; nil for none.
    package var haltMoment: Int?
    /// Whether the node on this disk is dead and has to be thrown away.
    package private(set) var isHalted = false
    /// Called when ``haltMoment`` is reached.
    package var onHalt: (() -> Void)?
    package var faults = DiskFaults()
    /// The next write to a file whose name ends so goes to another place of it.
    package var misdirectedSuffix: String?
    /// Durable operations done.
    package private(set) var actions: [DiskAction: Int] = [:]
    /// Milliseconds since 1970-01-01, UTC, for SQLite.
    package var wallMilliseconds: () -> UInt64 = { 0 }
    var random: SeededRandom
    private var registration: DiskRegistration?

    /// - Parameter seed: decides the disk's own chances: failures by rate, and what SQLite asks for.
    package init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        registration = DiskRegistration(self)
    }

    /// The name of the VFS, different for each disk of a process.
    package var vfsName: String { registration?.name ?? "" }

    // MARK: Death

    /// Kills the node on this disk: every operation fails until ``crash(_:using:)``.
    package func halt() {
        if isHalted { return }
        isHalted = true
        onHalt?()
    }

    /// What was open is dead from now on, and the next node finds what the outage left.
    package func crash(_ outage: Outage, using random: inout SeededRandom) {
        for name in folder.names where Self.isTemporary(name) { folder.forget(name) }
        if outage == .power {
            let odds = PowerFailure(using: &random)
            folder.losePower(odds, using: &random)
            for name in folder.names { folder[name]?.losePower(odds, using: &random) }
        }
        begin()
    }

    /// The disk as it is after a start of the machine.
    private func begin() {
        generation += 1
        isHalted = false
        haltMoment = nil
        misdirectedSuffix = nil
        for name in folder.names {
            folder[name]?.locks = DiskLocks()
            folder[name]?.memory = nil
        }
        usedBytes = folder.files.values.reduce(0) { $0 + $1.visible.count }
    }

    // MARK: Images

    /// All files as they are durable: what a copy of the medium holds.
    package var image: DiskImage { DiskImage(folder.durableFiles.mapValues(\.durable)) }
    /// All files as programs see them: what a copy of the folder holds.
    package var visibleImage: DiskImage { DiskImage(folder.files.mapValues(\.visible)) }

    /// Puts an image in the place of everything, as a crash: what was open is dead.
    package func restore(_ image: DiskImage) {
        folder = DiskFolder(image.files.mapValues { DiskFile($0) })
        begin()
    }

    // MARK: Operations

    /// A name that no temporary file had before.
    func makeTemporaryName() -> String {
        temporaryNames += 1
        return Self.temporaryPrefix + "\(temporaryNames)"
    }

    static func isTemporary(_ name: String) -> Bool { name.hasPrefix(temporaryPrefix) }

    func requireLife(_ handleGeneration: Int? = nil) throws(DiskFailure) {
        if isHalted || handleGeneration.map({ $0 != generation }) == true { throw .dead }
    }

    /// Does something durable, between its two moments.
    func act(_ action: DiskAction, _ name: String, _ body: () throws(DiskFailure) -> Void) throws(DiskFailure) {
        if Self.isTemporary(name) { return try body() }
        try pass()
        if faults.isReadOnly { throw .readOnly }
        try body()
        actions[action, default: 0] += 1
        try pass()
    }

    private func pass() throws(DiskFailure) {
        try requireLife()
        moments += 1
        if moments == haltMoment { halt() }
        try requireLife()
    }

    func fails(perMillion: Int) -> Bool { perMillion > 0 && random.chance(perMillion: perMillion) }

    /// Runs what changes the length of a file that has a name, or had one.
    func sizing(_ file: DiskFile, _ body: () -> Void) {
        let before = file.visible.count
        body()
        usedBytes += file.visible.count - before
    }

    func noteRemoval(of file: DiskFile?, _ name: String) {
        if !Self.isTemporary(name) { usedBytes -= file?.visible.count ?? 0 }
    }

    func write(_ file: DiskFile, _ name: String, _ bytes: UnsafeRawBufferPointer, at offset: Int) throws(DiskFailure) {
        if Self.isTemporary(name) { return file.write(bytes, at: offset) }
        try act(.write, name) { () throws(DiskFailure) in
            if fails(perMillion: faults.failedWritesPerMillion) {
                let part = Int.random(in: 0...bytes.count, using: &random)
                sizing(file) { file.write(UnsafeRawBufferPointer(rebasing: bytes[..<part]), at: offset) }
                throw .inputOutput
            }
            let growth = max(0, offset + bytes.count - file.visible.count)
            if let capacity = faults.capacity, growth > 0, usedBytes + growth > capacity {
                let room = max(0, min(bytes.count, bytes.count - (usedBytes + growth - capacity)))
                sizing(file) { file.write(UnsafeRawBufferPointer(rebasing: bytes[..<room]), at: offset) }
                throw .full
            }
            let place = misdirected(file, name, count: bytes.count, offset)
            sizing(file) { file.write(bytes, at: place) }
        }
    }

    private func misdirected(_ file: DiskFile, _ name: String, count: Int, _ offset: Int) -> Int {
        guard let suffix = misdirectedSuffix, name.hasSuffix(suffix) else { return offset }
        let remainder = offset % DiskFile.sectorBytes
        let places = (file.visible.count - count - remainder) / DiskFile.sectorBytes + 1
        guard places > 1 else { return offset }
        misdirectedSuffix = nil
        let place = Int.random(in: 0..<places - 1, using: &random)
        return (place + (place >= offset / DiskFile.sectorBytes ? 1 : 0)) * DiskFile.sectorBytes + remainder
    }

    func sync(_ file: DiskFile, _ name: String) throws(DiskFailure) {
        try act(.sync, name) { () throws(DiskFailure) in
            if fails(perMillion: faults.failedSyncsPerMillion) {
                if random.chance(50) { file.forget() }
                throw .inputOutput
            }
            file.sync()
        }
    }
}
