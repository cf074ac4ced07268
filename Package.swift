// swift-tools-version: 6.2
import PackageDescription

// The modules stand in the order of their arrows: each may import only what stands above it.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

func module(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = []) -> Target {
    .testTarget(
        name: name, dependencies: dependencies, path: "Tests/\(name)", resources: resources, swiftSettings: settings)
}

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let signals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdCore = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let coreMetrics = Target.Dependency.product(name: "CoreMetrics", package: "swift-metrics")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let nioHTTPTypes = Target.Dependency.product(name: "NIOHTTPTypes", package: "swift-nio-extras")
let mustache = Target.Dependency.product(name: "Mustache", package: "swift-mustache")
let nioEmbedded = Target.Dependency.product(name: "NIOEmbedded", package: "swift-nio")

let package = Package(
    name: "concord",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "concord", targets: ["concord"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0", traits: []),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.34.1"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0", traits: []),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.0.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        .systemLibrary(
            name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
        module("Encoding", []),
        module("Cryptography", ["COpenSSL"]),
        module("TransparencyLog", ["Encoding", "Cryptography"]),
        module("Federation", ["Encoding", "Cryptography", "TransparencyLog"]),
        module("Scoring", ["Encoding", "Cryptography", "TransparencyLog", "Federation"]),
        module("SyncProtocol", ["Encoding", "Cryptography", "TransparencyLog", "Federation"]),
        module("Replication", ["Encoding", "Cryptography", "TransparencyLog", "Federation", "SyncProtocol"]),
        module("Storage", ["Encoding", "Cryptography", "TransparencyLog", "Federation", "Scoring", grdb, sqlite]),
        module("Transport", ["COpenSSL", "Cryptography", nioCore, nioPosix]),
        module(
            "NodeRuntime",
            [
                "Encoding", "Cryptography", "TransparencyLog", "Federation", "Scoring", "SyncProtocol", "Replication",
                "Storage", "Transport", nioCore, nioPosix, logging, lifecycle, coreMetrics,
            ]),
        module(
            "WebInterface",
            [
                "CZlib", "Encoding", "Cryptography", "TransparencyLog", "Federation", "Scoring", "NodeRuntime", hummingbird,
                hummingbirdCore, httpTypes, nioHTTPTypes, mustache, coreMetrics, nioCore, nioPosix, logging, lifecycle,
            ]),
        module("Population", ["Encoding", "Cryptography", "Federation", "Scoring"]),
        module(
            "Simulation",
            [
                "Encoding", "Cryptography", "TransparencyLog", "Federation", "Scoring", "SyncProtocol", "Replication",
                "Storage", "Transport", "NodeRuntime", "Population", sqlite, logging,
            ]),
        .executableTarget(
            name: "concord",
            dependencies: [
                "Encoding", "Cryptography", "TransparencyLog", "Federation", "Scoring", "SyncProtocol", "Storage", "Transport",
                "NodeRuntime", "WebInterface", "Population", "Simulation", argumentParser, logging, lifecycle, signals, nioCore,
                nioPosix,
            ],
            swiftSettings: settings),
        // What tests of several modules need; chance that follows from a seed they have from Simulation.
        .target(
            name: "TestSupport", dependencies: ["Encoding"], path: "Tests/TestSupport", swiftSettings: settings),
        tests("EncodingTests", ["Encoding"]),
        tests("CryptographyTests", ["COpenSSL", "Cryptography", "Encoding"]),
        tests(
            "TransparencyLogTests", ["Encoding", "Cryptography", "TransparencyLog", "Simulation", "TestSupport"],
            resources: [.copy("Vectors")]),
        tests(
            "FederationTests",
            ["Encoding", "Cryptography", "TransparencyLog", "Federation", "Simulation", "TestSupport"],
            resources: [.copy("Vectors")]),
        tests(
            "ScoringTests",
            ["Encoding", "Cryptography", "TransparencyLog", "Federation", "Scoring", "Simulation", "TestSupport"],
            resources: [.copy("Vectors")]),
        tests(
            "SyncProtocolTests",
            ["Encoding", "Cryptography", "TransparencyLog", "Federation", "SyncProtocol", "Simulation"]),
        tests(
            "ReplicationTests",
            ["Encoding", "Cryptography", "TransparencyLog", "Federation", "SyncProtocol", "Replication", "Simulation"]),
        tests(
            "StorageTests",
            ["Encoding", "Cryptography", "TransparencyLog", "Federation", "Scoring", "Storage", "Simulation", grdb]),
        tests("TransportTests", ["COpenSSL", "Cryptography", "Transport", nioCore, nioPosix, nioEmbedded]),
        tests("PopulationTests", ["Cryptography", "Federation", "Scoring", "Population"]),
        tests("ImportTests", ["Encoding", "Cryptography", "Federation", "Scoring", "NodeRuntime", "Simulation"]),
        tests(
            "NodeRuntimeTests",
            ["Encoding", "Cryptography", "TransparencyLog", "Federation", "Storage", "NodeRuntime", logging, lifecycle]),
        tests(
            "WebInterfaceTests",
            [
                "Encoding", "Cryptography", "TransparencyLog", "Federation", "Scoring", "NodeRuntime", "WebInterface",
                coreMetrics, logging, lifecycle,
            ],
            resources: [.copy("Monitor")]),
        tests(
            "SimulationTests",
            [
                "Encoding", "Cryptography", "TransparencyLog", "Federation", "Scoring", "SyncProtocol", "Replication",
                "Storage", "NodeRuntime", "Population", "Simulation", sqlite,
            ],
            resources: [.copy("Corpora")]),
        tests(
            "CommandTests",
            ["Encoding", "Cryptography", "TransparencyLog", "Federation", "Storage", "NodeRuntime", "concord"]),
        tests(
            "VersionTests",
            [
                "Encoding", "Cryptography", "TransparencyLog", "Federation", "Scoring", "SyncProtocol", "Storage",
                "NodeRuntime", logging, lifecycle,
            ],
            resources: [.copy("Fixtures")]),
        tests("HouseRulesTests", []),
    ]
)
