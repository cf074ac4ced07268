import Foundation
import Testing

/// The house checks itself: who imports whom, what pure modules may not touch, how long a file may be.
struct HouseRulesTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// The modules in the order of their arrows: each may import only those before it.
    private static let order = [
        "COpenSSL", "CZlib", "Encoding", "Cryptography", "TransparencyLog", "Federation", "Scoring", "SyncProtocol",
        "Replication",
        "Storage", "Transport", "NodeRuntime", "WebInterface", "Population",
        "Simulation", "concord",
    ]
    private static let pure = [
        "Encoding", "TransparencyLog", "Federation", "Scoring", "SyncProtocol", "Replication", "Population",
    ]

    struct Source: Sendable, CustomTestStringConvertible {
        let module: String
        let name: String
        let text: String
        var testDescription: String { "\(module)/\(name)" }

        var imports: [String] {
            text.split(separator: "\n").compactMap { line in
                let words = line.split(separator: " ")
                guard let place = words.firstIndex(of: "import"), place <= 2, words.count > place + 1, !line.hasPrefix("//")
                else { return nil }
                return String(words[place + 1])
            }
        }
    }

    static let sources: [Source] = {
        let folder = root.appendingPathComponent("Sources")
        let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)?.allObjects as? [URL] ?? []
        return files.filter { $0.pathExtension == "swift" }.compactMap { file in
            let parts = file.pathComponents
            guard let place = parts.lastIndex(of: "Sources"), let text = try? String(contentsOf: file, encoding: .utf8) else {
                return nil
            }
            return Source(module: parts[place + 1], name: parts[(place + 2)...].joined(separator: "/"), text: text)
        }
    }()

    @Test func everyModuleIsLookedAt() {
        #expect(Set(Self.sources.map(\.module)).isSubset(of: Set(Self.order)))
        #expect(Self.sources.count > 100)
    }

    @Test func modulesImportOnlyWhatStandsAboveThem() {
        for source in Self.sources {
            guard let own = Self.order.firstIndex(of: source.module) else { continue }
            for name in source.imports {
                guard let other = Self.order.firstIndex(of: name) else { continue }
                #expect(other < own, "\(source.testDescription) imports \(name), which stands below it")
            }
        }
    }

    @Test func pureModulesKnowNoClockNoFilesAndNoChance() {
        let forbidden = ["Foundation", "Glibc", "Dispatch", "NIOCore", "NIOPosix", "GRDB", "Synchronization"]
        let calls = ["randomBytes(", "SystemRandomNumberGenerator", "ContinuousClock", "Double(", ": Double", "Date("]
        for source in Self.sources where Self.pure.contains(source.module) {
            for name in source.imports { #expect(!forbidden.contains(name), "\(source.testDescription) imports \(name)") }
            for call in calls { #expect(!source.text.contains(call), "\(source.testDescription) uses \(call)") }
        }
    }

    @Test func everyFileCanBeReadAtOnce() {
        for source in Self.sources {
            let lines = source.text.split(separator: "\n", omittingEmptySubsequences: false).count
            #expect(lines <= 400, "\(source.testDescription) has \(lines) lines")
        }
    }

    @Test func everyModuleSaysWhatItHoldsAndMayNotImport() {
        for module in Self.order where module != "COpenSSL" && module != "CZlib" {
            let heads = Self.sources.filter { $0.module == module && $0.text.hasPrefix("// \(module): ") }
            #expect(heads.count == 1, "\(module) has \(heads.count) files that begin with its description")
        }
    }

    @Test func nothingIsLeftUnfinished() {
        let marks = ["TO" + "DO", "FIX" + "ME", "not implemented"]
        for source in Self.sources {
            for mark in marks { #expect(!source.text.contains(mark), "\(source.testDescription) says \(mark)") }
        }
    }

    @Test func theTopLevelHoldsOnlyWhatItShould() throws {
        let allowed: Set = ["Package.swift", "README.md", "Sources", "Tests", "Topology", "LICENSE"]
        for name in try FileManager.default.contentsOfDirectory(atPath: Self.root.path) where !name.hasPrefix(".") {
            #expect(allowed.contains(name) || name == "Package.resolved", "\(name) stands at the top level")
        }
    }
}
