internal import Cryptography
internal import Encoding
internal import Foundation

/// Inputs kept on disk: a folder for each target, a file for each input, named after its hash.
package struct FuzzCorpus: Sendable {
    package let path: String

    package init(path: String) { self.path = path }

    private func folder(_ target: FuzzTarget) -> String { "\(path)/\(target.name)" }

    /// The inputs of a target, in the order of their names; none where there is no folder.
    package func inputs(_ target: FuzzTarget) throws -> [[UInt8]] {
        let folder = folder(target)
        guard FileManager.default.fileExists(atPath: folder) else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: folder).sorted().map { name in
            Array(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)")))
        }
    }

    /// Names of the folders: each should be a target's.
    package var targets: [String] {
        get throws {
            try FileManager.default.contentsOfDirectory(atPath: path).filter { name in
                var isFolder: ObjCBool = false
                return FileManager.default.fileExists(atPath: "\(path)/\(name)", isDirectory: &isFolder) && isFolder.boolValue
            }.sorted()
        }
    }

    /// Keeps an input for later runs.
    package func keep(_ input: [UInt8], of target: FuzzTarget) throws {
        try write(input, folder: folder(target), name: Self.name(input))
    }

    /// Keeps an input that broke something, in the folder itself; says where.
    package func keepFinding(_ input: [UInt8], of target: FuzzTarget) throws -> String {
        try write(input, folder: path, name: "\(target.name)-\(Self.name(input))")
    }

    private static func name(_ input: [UInt8]) -> String { hex(sha256(input).bytes.prefix(8)) }

    @discardableResult
    private func write(_ input: [UInt8], folder: String, name: String) throws -> String {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try Data(input).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
        return "\(folder)/\(name)"
    }
}
