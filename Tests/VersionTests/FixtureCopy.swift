import Foundation

/// A copy of a fixture's folder, as the file system of a node would have it; removed at the end.
final class FixtureCopy {
    let path: String

    init(_ name: String) throws {
        path = NSTemporaryDirectory() + "/v1-\(UUID().uuidString)"
        try FileManager.default.copyItem(atPath: "\(Fixtures.v1)/\(name)", toPath: path)
        // A repository keeps no modes: private files are their owner's alone.
        let files = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
        for file in files {
            let url = URL(fileURLWithPath: "\(path)/\(file)")
            let mode =
                url.hasDirectoryPath || (try? url.resourceValues(forKeys: [.isDirectoryKey]).isDirectory) == true
                ? 0o700 : 0o600
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: url.path)
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
