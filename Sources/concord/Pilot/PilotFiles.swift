internal import Federation
internal import Foundation
internal import NodeRuntime

/// The pilot's topology and rulebook: the files that were named, or those of the folder `Topology/pilot`, looked for in the
/// working directory and then beside the program and in each folder above it.
struct PilotFiles {
    let topologyPath: String
    let topology: [UInt8]
    let rulebook: [UInt8]

    private static let name = "Topology/pilot/topology.json"

    init(_ path: String?) throws {
        topologyPath = try path ?? Self.find()
        let files = try FederationFiles(topologyPath: topologyPath)
        topology = files.topology.bytes
        rulebook = files.rulebookBytes
    }

    private static func find() throws -> String {
        var folders = [FileManager.default.currentDirectoryPath]
        if let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") {
            var folder = URL(fileURLWithPath: program).deletingLastPathComponent()
            while folder.path != "/" {
                folders += [folder.path, folder.path + "/share/concord"]
                folder.deleteLastPathComponent()
            }
        }
        for folder in folders where FileManager.default.fileExists(atPath: "\(folder)/\(name)") { return "\(folder)/\(name)" }
        throw NodeFailure(
            .invalid,
            "\(name) is neither here nor beside the program: run from the repository, or name the file with --topology")
    }
}
