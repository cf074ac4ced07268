internal import ArgumentParser
internal import Encoding
internal import Foundation
internal import NodeRuntime

struct DrillOptions: ParsableArguments {
    @Option(help: ArgumentHelp("What the faults follow from: the same seed, the same choices.", valueName: "text"))
    var seed = "drill"

    @Option(help: ArgumentHelp("Keep stores and logs in DIR; the folder must be new or empty.", valueName: "dir"))
    var data: String?

    @OptionGroup var json: JSONOption

    func validate() throws {
        guard !seed.isEmpty else { throw ValidationError("--seed is a text: give it at least one character") }
    }

    /// A number that an option gives, within its limits.
    static func check(_ name: String, _ number: Int, _ range: ClosedRange<Int>) throws {
        guard range.contains(number) else {
            throw ValidationError("--\(name) is a number from \(range.lowerBound) to \(range.upperBound), not \(number)")
        }
    }

    /// Runs drills one after another, each in a folder of its own, prints what each found, and ends with status 1 where one
    /// was bad, with ``NotPermitted/exitStatus`` where one could not be done.
    ///
    /// - Parameter mounts: some of them mount file systems.
    func run(_ drills: [(String, (Drill) throws -> DrillReport)], mounts: Bool = false) throws {
        // First of all: it begins this command anew. Those that need it say so themselves where it is not to be had.
        if mounts { do { try Mounts.enter() } catch is NotPermitted {} }
        let signals = StopSignals()
        let workspace = try Workspace(data, purpose: "drill")
        var reports: [DrillReport] = []
        var isForbidden = false
        do {
            for (name, body) in drills {
                do {
                    reports.append(try run(name, body, in: workspace.child(name), signals))
                } catch let reason as NotPermitted {
                    isForbidden = true
                    concord.note("\(name): \(reason)")
                }
                if !json.isWanted, let report = reports.last, report.drill == name { try Output.lines(report.lines) }
            }
        } catch {
            guard let signal = signals.signal else { throw kept(error, workspace) }
            workspace.removeIfTemporary()
            throw ExitCode(128 + signal)
        }
        if json.isWanted { try Output.json(.array(reports.map(\.json))) }
        guard reports.allSatisfy(\.isGood) else {
            concord.note("stores and logs are kept in \(workspace.path)")
            throw ExitCode(1)
        }
        workspace.removeIfTemporary()
        if isForbidden { throw ExitCode(NotPermitted.exitStatus) }
    }

    /// A drill that could not be brought to its end leaves everything where it is.
    private func kept(_ error: any Error, _ workspace: Workspace) -> any Error {
        concord.note("stores and logs are kept in \(workspace.path)")
        return error
    }

    private func run(
        _ name: String, _ body: (Drill) throws -> DrillReport, in workspace: Workspace, _ signals: StopSignals
    ) throws -> DrillReport {
        var bar = ProgressBar()
        defer { bar.clear() }
        let started = steadyMilliseconds()
        var report = try body(
            Drill(workspace: workspace, signals: signals, seed: seed, note: { bar.show("\(name): \($0)") }))
        report.add("milliseconds", "time", steadyMilliseconds() - started, unit: "ms")
        return report
    }
}
