internal import Encoding
internal import Federation
internal import Foundation
internal import NodeRuntime
internal import Population

// What goes on after the pilot, until Ctrl-C: the residents' lives, and a cut of every month of them.
extension Pilot {
    /// Days of the residents' lives from one cut to the next.
    private static let daysBetweenCuts: UInt32 = 30
    private static let cutMilliseconds: Int64 = 10_000

    func keepRunning() throws {
        feed.change(.everyday)
        try introduceDashboards()
        var cutDay = lastDay
        do {
            while signals.signal == nil {
                try feed.check()
                for node in federation.folders.indices { try fleet.checkAlive(node) }
                if newestDay >= cutDay + Self.daysBetweenCuts {
                    cutDay = newestDay
                    proposeCut(of: cutDay)
                }
                usleepMilliseconds(50)
            }
        } catch  where signals.signal != nil {
            // The nodes are being stopped: that is how this ends.
        }
    }

    /// The last day that the residents have lived.
    private var newestDay: UInt32 {
        feed.scenario.startDay + UInt32(clamping: max(1, feed.progress.lived)) - 1
    }

    /// So that the dashboards' scores move on with the residents' lives. Whoever tries out what a federation does without one of its
    /// nodes sees there that a cut failed; the next one is a month away.
    private func proposeCut(of day: UInt32) {
        _ = try? fleet.client(cast.aggregator).call(
            "converge", [("day", .integer(Int64(day))), ("timeout_ms", .integer(Self.cutMilliseconds))])
    }

    private func introduceDashboards() throws {
        let paths = zip(federation.names, federation.folders).map { name, folder in
            "  \(folder.address ?? "(no HTTP)")  \(workspace.path)/\(name)"
        }
        let aggregator = federation.folders[cast.aggregator]
        let token = try TokenFolder(aggregator).make(
            name: "pilot-\(wallMilliseconds())", roles: [.reader, .operator], subject: nil, daysUntilEnd: 1)
        try board.say(
            [
                "",
                "The nodes go on running, one day of the residents' lives a second up to today and a cut every "
                    + "\(Self.daysBetweenCuts) of these days, until Ctrl-C. Their dashboards and folders:",
            ]
                + paths
                + [
                    "To see single residents and to start resyncs, sign in at \(aggregator.address ?? "") with",
                    "  \(token.secret)",
                    "Each folder has the node's control socket (control.sock) and its log (node.log). Try",
                    "  concord node status --data \(workspace.path)/\(federation.names[cast.aggregator])",
                    "  concord converge --data \(workspace.path)/\(federation.names[cast.damaged])",
                ])
    }
}
