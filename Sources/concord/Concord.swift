// concord: the command line. It parses arguments, asks a node through NodeClient, and prints what it says; it may import
// everything but Replication, and Transport, SyncProtocol and NIO only where a drill plays a hostile peer.

internal import ArgumentParser
internal import Encoding
internal import Foundation
internal import NodeRuntime

@main
struct Concord: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "concord",
        abstract: "A federation of point registers that converge, and can prove it.",
        discussion: """
            Every city runs a node with its own store; nodes exchange signed logs and compute the same scores.

            See it work, on synthetic residents:
              concord pilot

            Set up a federation of your own. On each node's machine:
              concord node init --topology topology.json --node ghent --data /srv/ghent
            Then, once, with the ghent.keys.json of every node at hand:
              concord topology assemble --topology topology.json --output shared.json \\
                *.keys.json
            And on each machine again:
              concord topology install shared.json --data /srv/ghent
              concord node run --data /srv/ghent

            Use it, whether the node runs or not:
              export CONCORD_DATA=/srv/ghent
              concord import records.csv
              concord explain 026397cb0529e1d3cd44e128ff2b4e48
              concord converge

            EXIT STATUS: 0 done; 1 the answer is bad (not converged, damage, fork, refused) or the node or its store \
            failed; 64 the command line is wrong (an unknown option, a day that does not exist, a file that cannot be \
            read); 130 an import was interrupted.
            """,
        version: "0.1.0",
        subcommands: [
            PilotCommand.self, NodeCommand.self, TokensCommand.self, ReadsCommand.self, RecordCommand.self, ImportCommand.self,
            RetractCommand.self,
            AppealCommand.self, RuleCommand.self, EnrolCommand.self, WithdrawCommand.self, EraseCommand.self,
            ScoreCommand.self, ExplainCommand.self, StandingsCommand.self, ConvergeCommand.self, VerifyCommand.self,
            ResyncCommand.self, RescueCommand.self, BackupCommand.self, RestoreCommand.self, ExportCommand.self,
            ForksCommand.self, TopologyCommand.self, RulebookCommand.self, KeysCommand.self, BenchCommand.self,
            DrillCommand.self, SimulateCommand.self, FuzzCommand.self,
        ])

    static let _errorPrefix = "concord: "

    static func main() async {
        ProcessSetup.prepare()
        do {
            var command = try await asyncParseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch { leave(error) }
    }

    /// Ends the process as an error asks for.
    private static func leave(_ error: any Error) -> Never {
        switch error {
        case is OutputClosed: Foundation.exit(0)
        case let code as ExitCode: Foundation.exit(code.rawValue)
        case let failure as NodeFailure:
            note(failure.message)
            Foundation.exit(1)
        case let failure as JSONFailure:
            note("the node's answer is not as expected: \(failure): both sides must be of the same release")
            Foundation.exit(1)
        default: exit(withError: error)
        }
    }
}
