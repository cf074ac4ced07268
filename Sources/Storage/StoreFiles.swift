internal import Foundation

/// The file system under a store. SQLite opens the databases through its VFS; what a store does to files by itself goes the
/// same way.
package protocol StoreFiles: Sendable {
    /// The name under which the VFS is registered with SQLite; nil for the system's own.
    var vfs: String? { get }
    /// Nil where there is no such file.
    func byteCount(of path: String) -> UInt64?
    func remove(_ path: String) throws
    /// Makes content and length of a file durable; SQLite does not do so when it cuts a write-ahead log.
    func sync(_ path: String) throws
    /// Makes durable which files the folder of a file holds: a new file is durable only once its folder is.
    func syncFolder(of path: String) throws
}

extension StoreFiles {
    func exists(_ path: String) -> Bool { byteCount(of: path) != nil }

    /// The name by which SQLite finds a database. `isImmutable` says that nobody changes the file, so that SQLite needs
    /// nothing beside it.
    func location(_ path: String, isImmutable: Bool = false) -> String {
        let choices = [vfs.map { "vfs=\($0)" }, isImmutable ? "immutable=1" : nil].compactMap(\.self)
        if choices.isEmpty { return path }
        let allowed = CharacterSet(charactersIn: "?#%").inverted
        let escaped = path.addingPercentEncoding(withAllowedCharacters: allowed) ?? path
        return "file:\(escaped)?\(choices.joined(separator: "&"))"
    }
}

/// The files of the system.
package struct SystemStoreFiles: StoreFiles {
    package init() {}

    package var vfs: String? { nil }

    package func byteCount(of path: String) -> UInt64? {
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: path) else { return nil }
        return attributes[.size] as? UInt64
    }

    package func remove(_ path: String) throws { try FileManager.default.removeItem(atPath: path) }

    package func sync(_ path: String) throws { try Self.sync(path, "file") }

    package func syncFolder(of path: String) throws {
        try Self.sync(URL(fileURLWithPath: path).deletingLastPathComponent().path, "folder")
    }

    private static func sync(_ path: String, _ kind: String) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw StoreFailure(.inputOutput, "the \(kind) \(path) cannot be opened: errno \(errno)")
        }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else {
            throw StoreFailure(.inputOutput, "the \(kind) \(path) cannot be made durable: errno \(errno)")
        }
    }
}
