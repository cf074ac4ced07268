internal import ArgumentParser
internal import NodeRuntime

struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys", abstract: "Show a node's public keys.", subcommands: [KeysShowCommand.self])
}

struct KeysShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show the public keys of a data folder.",
        discussion: """
            With --json this is the file that concord topology assemble takes. Private keys never leave the folder.

              concord keys show --data /srv/ghent --json > ghent.keys.json
            """)

    @OptionGroup var data: DataOptions
    @OptionGroup var json: JSONOption

    func run() throws {
        let folder = data.folder
        let keys = try PublicKeys(path: folder.publicKeysFile(NodeIdentity(folder: folder).node))
        if json.isWanted { return try Output.json(keys.json) }
        try Output.lines(
            ["\(keys.node) of \(keys.federation)"] + keys.keys.map { "  log   \($0)" } + ["  link  \(keys.linkKey)"])
    }
}
