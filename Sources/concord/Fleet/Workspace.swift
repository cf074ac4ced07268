internal import Foundation
internal import NodeRuntime

/// Where the stores of local nodes lie: a folder that was named and stays, or a temporary one that goes in the end.
struct Workspace {
    let path: String
    let isKept: Bool

    /// - Parameter path: must be new or empty; nil for a temporary folder.
    init(_ path: String?, purpose: String) throws {
        guard let path else {
            self = try Self.temporary(purpose)
            return
        }
        let absolute = URL(fileURLWithPath: path).path
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: absolute, isDirectory: &isFolder) {
            let there = try? FileManager.default.contentsOfDirectory(atPath: absolute)
            guard isFolder.boolValue, let there, there.isEmpty else {
                throw NodeFailure(
                    .invalid,
                    "\(path) holds something already, and nothing of it is overwritten: name a new or empty folder with --data")
            }
        }
        try makeFolder(absolute, mode: 0o700)
        self.path = absolute
        isKept = true
    }

    private init(temporary path: String) {
        self.path = path
        isKept = false
    }

    private static func temporary(_ purpose: String) throws -> Workspace {
        var name = Array((FileManager.default.temporaryDirectory.path + "/concord-\(purpose)-XXXXXX").utf8CString)
        guard mkdtemp(&name) != nil else {
            throw NodeFailure(
                .storage,
                "no temporary folder can be made in \(FileManager.default.temporaryDirectory.path): \(String(cString: strerror(errno)))"
            )
        }
        return Workspace(temporary: String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }

    /// A new folder in it, which goes with it.
    func child(_ name: String) throws -> Workspace {
        let child = Workspace(temporary: "\(path)/\(name)")
        try makeFolder(child.path, mode: 0o700)
        return child
    }

    func removeIfTemporary() {
        if !isKept { try? FileManager.default.removeItem(atPath: path) }
    }
}
