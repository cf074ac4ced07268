internal import ArgumentParser
internal import NodeRuntime

struct NodeNewEpochCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new-epoch", abstract: "Let a stopped node go on in a new log, under a new key.",
        discussion: """
            For a city whose log is forked or whose log key others may have. The old log stays, is served and scored as \
            before, and its key is kept as DIR/keys/log.<epoch>.key. What was recorded but never published goes to the \
            new log as soon as that is published. The reason stays on the record in DIR/node.json.

            Afterwards put the new public key into the topology, whose version goes up by one, and install it on every node:
              concord node new-epoch --reason "key on a stolen disk" --data /srv/ghent
              concord topology assemble --topology topology.json --output shared.json ghent.keys.json
              concord topology install shared.json --data DIR        on every node, which then is started again
            """)

    @Option(help: ArgumentHelp("Why; it stays on the record.", valueName: "text"))
    var reason: String

    @OptionGroup var data: DataOptions

    func run() throws {
        let folder = data.folder
        let epoch = try folder.beginEpoch(reason: reason)
        try Output.lines([
            "\(epoch.keys.node) goes on in \(epoch.origin); \(epoch.previous) ends here",
            "\(counted(Int64(epoch.carried), "entry", "entries")) that had not been published will go along",
            "public keys: \(folder.publicKeysFile(epoch.keys.node)), to be put into the topology with concord topology assemble",
        ])
    }
}
