import Cryptography
import Encoding
import Foundation
import Testing

/// Each test has a folder of its own, gone when it is over.
final class KeyFileTests {
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("concord-keys-\(UUID().uuidString)")
    private var path: String { folder.appendingPathComponent("log.key").path }
    private let seed = (0..<32).map { UInt8($0 * 8) }

    init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(at: folder) }

    private func setMode(_ mode: Int) throws {
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }

    private func place(_ text: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        try setMode(0o600)
    }

    @Test func aKeyIsReadBackAndOnlyItsOwnerMay() throws {
        try KeyFile.write(seed, to: path)
        #expect(try KeyFile.read(path) == seed)
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber
        #expect(mode?.intValue == 0o600)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data((hex(seed) + "\n").utf8))
    }

    @Test func aKeyIsNeverOverwritten() throws {
        try KeyFile.write(seed, to: path)
        let failure = #expect(throws: KeyFileFailure.self) {
            try KeyFile.write([UInt8](repeating: 1, count: 32), to: path)
        }
        #expect(failure?.description.contains(path) == true)
        #expect(failure?.description.contains("never overwritten") == true)
        #expect(try KeyFile.read(path) == seed)
    }

    /// As a process leaves it that is killed while it writes a key.
    @Test func whatIsLeftOfAnAttemptIsInNobodysWay() throws {
        try Data("0011".utf8).write(to: URL(fileURLWithPath: path + ".new"))
        try KeyFile.write(seed, to: path)
        #expect(try KeyFile.read(path) == seed)
        #expect(throws: KeyFileFailure.self) { try KeyFile.write(seed, to: path) }
        #expect(!FileManager.default.fileExists(atPath: path + ".new"))
    }

    @Test(arguments: [0o604, 0o640, 0o644, 0o660, 0o602, 0o601, 0o666, 0o777])
    func aKeyThatOthersMayReadOrChangeIsRefused(mode: Int) throws {
        try KeyFile.write(seed, to: path)
        try setMode(mode)
        let failure = #expect(throws: KeyFileFailure.self) { try KeyFile.read(path) }
        #expect(failure?.description.contains("chmod 600") == true)
        try setMode(0o400)
        #expect(try KeyFile.read(path) == seed)
    }

    @Test func theNewlineMayBeMissingAndDigitsMayBeCapitals() throws {
        try place(hex(seed))
        #expect(try KeyFile.read(path) == seed)
        try place(hex(seed).uppercased() + "\n")
        #expect(try KeyFile.read(path) == seed)
    }

    @Test(arguments: [
        "", "\n", String(repeating: "0", count: 63), String(repeating: "0", count: 63) + "\n",
        String(repeating: "0", count: 65), String(repeating: "0", count: 64) + "\n\n",
        String(repeating: "0", count: 64) + "\r\n", String(repeating: "0", count: 62) + "0g",
        String(repeating: "+1", count: 32), " " + String(repeating: "0", count: 63), String(repeating: "0", count: 5_000),
    ])
    func whatIsNoKeyIsRefused(text: String) throws {
        try place(text)
        let failure = #expect(throws: KeyFileFailure.self) { try KeyFile.read(path) }
        #expect(failure?.description.contains("64 hexadecimal digits") == true)
    }

    @Test func aMissingFileAndAFolderAreNamed() throws {
        let missing = #expect(throws: KeyFileFailure.self) { try KeyFile.read(path) }
        #expect(missing?.description.contains(path) == true)
        #expect(throws: KeyFileFailure.self) { try KeyFile.read(folder.path) }
        #expect(throws: KeyFileFailure.self) {
            try KeyFile.write(seed, to: folder.appendingPathComponent("none/log.key").path)
        }
    }
}
