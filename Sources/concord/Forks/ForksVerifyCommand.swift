internal import ArgumentParser
internal import Encoding
internal import Federation
internal import Foundation
internal import NodeRuntime
internal import TransparencyLog

struct ForksVerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Check a fork proof or a decision, with no node and no store.",
        discussion: """
            FILE is one that concord export or concord forks export wrote under forks/ or decisions/. The keys are taken \
            from the topology.json of the export that FILE lies in, unless others are named: whether they are the right ones has to be known from elsewhere. For a decision the topology is needed, which says who \
            is an authority. The exit status is 0 if the file proves what it claims, and 1 if it does not.

              concord forks verify evidence/forks/pilot.example/ghent/1 --topology topology.json
            """)

    @Argument(help: ArgumentHelp("The proof or decision.", valueName: "file"), transform: FileArgument.init(parsing:))
    var file: FileArgument

    @Option(
        help: ArgumentHelp("The federation's topology.", valueName: "file"), transform: FileArgument.init(parsing:))
    var topology: FileArgument?

    @Option(
        help: ArgumentHelp("C2SP verifier keys, one a line.", valueName: "file"), transform: FileArgument.init(parsing:))
    var keys: FileArgument?

    @OptionGroup var json: JSONOption

    func validate() throws {
        guard topology == nil || keys == nil else { throw ValidationError("Name a topology or a file of keys, not both") }
    }

    func run() throws {
        let evidence = try ForkEvidence(readFile(file.path, limit: 32_768), file.path)
        let known = try KnownKeys.find(topology: topology?.path, keys: keys?.path, beside: file.path)
        let finding = evidence.judge(known)
        if json.isWanted { try Output.json(finding.json) } else { try Output.lines(finding.lines) }
        if !finding.holds { throw ExitCode(1) }
    }
}

/// Keys to verify with, and where they were found.
struct KnownKeys {
    let logs: [VerifierKey]
    /// Nil where there is no topology, which says who is an authority.
    let authorities: [VerifierKey]?
    let source: String

    /// Keys from what was named, or from the export that a file lies in.
    static func find(topology: String?, keys: String?, beside path: String) throws -> KnownKeys {
        if let topology { return try KnownKeys(topology: topology) }
        if let keys { return KnownKeys(logs: try read(keys), authorities: nil, source: keys) }
        var folder = URL(fileURLWithPath: path).standardizedFileURL.deletingLastPathComponent()
        // forks/<federation>/<node>/<epoch>: the export's folder is the third one above the file's.
        for _ in 0..<4 {
            let topology = folder.appendingPathComponent("topology.json").path
            if FileManager.default.fileExists(atPath: topology) { return try KnownKeys(topology: topology) }
            folder.deleteLastPathComponent()
        }
        throw NodeFailure(
            .invalid, "\(path) lies in no export, so there are no keys: name them with --topology FILE or --keys FILE")
    }

    private init(logs: [VerifierKey], authorities: [VerifierKey]?, source: String) {
        self.logs = logs
        self.authorities = authorities
        self.source = source
    }

    private init(topology path: String) throws {
        let topology = try FederationFiles.topology(path)
        let authorities = topology.nodes.filter(\.isAuthority).flatMap(\.keys)
        self.init(logs: topology.keys, authorities: authorities, source: path)
    }

    private static func read(_ path: String) throws -> [VerifierKey] {
        let bytes = try readFile(path, limit: 1 << 20)
        return try bytes.split(separator: 0x0a).map { line in
            do throws(DecodingFailure) { return try VerifierKey(String(decoding: line, as: UTF8.self)) } catch {
                throw NodeFailure(.invalid, "\(path) holds a line that is no C2SP verifier key: \(error)")
            }
        }
    }
}
