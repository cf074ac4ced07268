internal import Federation
internal import Foundation
internal import NodeRuntime
internal import Scoring

/// The pilot's topology and rulebook: the files that were named, or those of the folder `Topology/pilot`, looked for in the
/// working directory and then beside the program and in each folder above it.
struct PilotFiles {
    let topologyPath: String
    private let files: FederationFiles

    var topology: [UInt8] { files.topology.bytes }
    var rulebook: [UInt8] { files.rulebookBytes }

    private static let name = "Topology/pilot/topology.json"

    init(_ path: String?) throws {
        topologyPath = try path ?? Self.find()
        files = try FederationFiles(topologyPath: topologyPath)
    }

    /// Why the pilot cannot run with these files for so many years; nil where it can.
    func flaw(years: Int) -> String? {
        guard files.rulebook.population == .synthetic else {
            return "\(topologyPath) is of a federation of people who enrolled; the pilot runs on synthetic residents only"
        }
        do { _ = try PilotCast(files.topology) } catch { return "\(topologyPath): \(error)" }
        let start = CalendarDay(dayNumber: files.rulebook.startDay)
        let year = start.year + Int64(years)
        // The day that leap years have stands for the first of March in others.
        let end =
            CalendarDay(year: year, month: start.month, day: start.day) ?? CalendarDay(year: year, month: 3, day: 1)
        guard let end, end.dayNumber <= Int64(today()) + 1 else {
            return "\(counted(years, "year")) from \(start) on are not over yet: ask for fewer with --years"
        }
        return nil
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
