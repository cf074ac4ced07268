internal import Foundation
internal import NodeRuntime

/// A store that can only be read: the whole folder, or single files of it.
struct ReadOnlyDrill {
    let drill: Drill

    private static let city = 0
    private static let events: UInt64 = 2_000
    private static let patienceMilliseconds: UInt64 = 60_000

    func run() throws -> DrillReport {
        try Mounts.enter()
        let federation = try drill.federation(cities: 2)
        let folder = federation.folders[Self.city]
        let files = [folder.path, folder.logFile, folder.standingsFile, folder.publishedFile, folder.lockFile]
        // However this ends, the nodes have ended by then: what is still mounted could not be removed.
        defer { for file in files { try? Mounts.unmount(file) } }
        return try Fleet.run(federation, drill.signals, logs: drill.workspace.path) { fleet in
            try fleet.startAll()
            let load = DrillLoad(fleet, seed: drill.seed)
            for city in load.cities { try load.record(Self.events, in: city) }
            let check = DrillCheck(fleet: fleet, load: load)
            var report = DrillReport("read-only", "Stores that can only be read")
            var served: UInt64 = 0
            var refused: UInt64 = 0
            for file in files {
                try check.arrival("the events before \(file) can only be read")
                try fleet.stop(Self.city)
                drill.note("\(file) can only be read")
                try Mounts.readOnly(file)
                if try start(fleet, file, &report) { served += 1 } else { refused += 1 }
                fleet.kill(Self.city)
                try Mounts.unmount(file)
                try fleet.start(Self.city)
                try fleet.waitUntilReady(Self.city)
                for city in load.cities { try load.record(10, in: city) }
            }
            report.add("served", "starts that served what there was, and said so", served)
            report.add("refused", "starts that were refused with what to do", refused)
            try check.all(&report)
            return report
        }
    }

    /// Whether the city serves; where it does not, it has to say which file it is and what to do.
    private func start(_ fleet: Fleet, _ file: String, _ report: inout DrillReport) throws -> Bool {
        try fleet.start(Self.city)
        var isReady = false
        try fleet.wait(milliseconds: Self.patienceMilliseconds, for: "the city to start or to refuse") {
            isReady = try NodeClient(running: fleet.federation.folders[Self.city]) != nil
            return isReady || !fleet.isRunning(Self.city)
        }
        let log = (try? String(contentsOfFile: fleet.logPath(Self.city), encoding: .utf8)) ?? ""
        guard isReady else {
            let line = log.split(separator: "\n").last.map(String.init) ?? ""
            report.note(line)
            if !line.contains(file) || !line.contains("make it writable") {
                report.fail("\(file): the refusal does not say what is to be done: \(line)")
            }
            return false
        }
        let standing = try fleet.standing(Self.city)
        if file == fleet.federation.folders[Self.city].logFile, standing.trouble == nil {
            report.fail("\(file): the node does not say that its store takes nothing")
        }
        if standing.own?.folded ?? 0 < Self.events { report.fail("\(file): the node does not serve what it has") }
        if let trouble = standing.trouble { report.note("\(file): \(trouble)") }
        return true
    }
}
