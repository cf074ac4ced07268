import Foundation

/// Bytes that a version of this program wrote, kept for ever.
enum Fixtures {
    static let v1 = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Fixtures/v1").path

    static func v1(_ name: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: "\(v1)/\(name)"))) }

    /// Names of the files in a folder of version 1.
    static func names(_ folder: String) throws -> Set<String> {
        Set(try FileManager.default.contentsOfDirectory(atPath: "\(v1)/\(folder)"))
    }
}
