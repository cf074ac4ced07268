/// The one folder of a simulated disk: which name stands for which file, as programs see it and as it is durable.
struct DiskFolder {
    private enum Change {
        case link(String, DiskFile)
        case unlink(String)
        case rename(String, to: String, DiskFile)
    }

    private(set) var files: [String: DiskFile] = [:]
    private(set) var durableFiles: [String: DiskFile] = [:]
    private var changes: [Change] = []

    init(_ files: [String: DiskFile] = [:]) {
        self.files = files
        durableFiles = files
    }

    subscript(name: String) -> DiskFile? { files[name] }
    /// In the order of their bytes, so that what is done to one after another is the same in every run.
    var names: [String] { files.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } }

    mutating func link(_ name: String, _ file: DiskFile) { change(.link(name, file)) }
    mutating func unlink(_ name: String) { change(.unlink(name)) }

    /// Takes a file away at once and for good.
    mutating func forget(_ name: String) {
        files[name] = nil
        durableFiles[name] = nil
        changes.removeAll { if case .link(name, _) = $0 { true } else { false } }
    }

    mutating func rename(_ name: String, to other: String) {
        if let file = files[name] { change(.rename(name, to: other, file)) }
    }

    private mutating func change(_ change: Change) {
        changes.append(change)
        Self.apply(change, to: &files)
    }

    mutating func sync() {
        for change in changes { Self.apply(change, to: &durableFiles) }
        changes.removeAll()
    }

    /// Decides for each change that was not synced whether it is durable.
    mutating func losePower(_ odds: PowerFailure, using random: inout SeededRandom) {
        for change in changes where random.chance(odds.keptPercent) { Self.apply(change, to: &durableFiles) }
        changes.removeAll()
        files = durableFiles
    }

    private static func apply(_ change: Change, to files: inout [String: DiskFile]) {
        switch change {
        case .link(let name, let file): files[name] = file
        case .unlink(let name): files[name] = nil
        case .rename(let name, let other, let file):
            if files[name] === file { files[name] = nil }
            files[other] = file
        }
    }
}
