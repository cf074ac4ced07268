internal import ArgumentParser
internal import Cryptography
internal import Encoding
internal import Federation
internal import NodeRuntime
internal import Scoring

struct RulebookCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rulebook", abstract: "Check a rulebook, or read it in words.",
        subcommands: [RulebookCheckCommand.self, RulebookShowCommand.self])
}

/// A rulebook's file, read and held against the policy of its population.
struct RulebookFile: ParsableArguments {
    @Argument(help: ArgumentHelp("The rulebook's file.", valueName: "file"), transform: FileArgument.init(parsing:))
    var file: FileArgument

    func read() throws -> Rulebook {
        let bytes = try readFile(file.path, limit: Limits.configurationBytes)
        do throws(RulebookRefusal) {
            return try Self.checked(bytes)
        } catch { throw NodeFailure(.refused, "\(file.path) is refused: \(error)") }
    }

    /// Without a topology beside it, the population that the rulebook names is the one whose rules it must keep.
    private static func checked(_ bytes: [UInt8]) throws(RulebookRefusal) -> Rulebook {
        let rulebook: Rulebook
        do throws(JSONFailure) { rulebook = try Rulebook.parse(bytes: bytes) } catch { throw .unreadable(error) }
        let refusals = RulebookPolicy.refusals(of: rulebook)
        guard refusals.isEmpty else { throw .outsidePolicy(refusals) }
        return rulebook
    }
}

struct RulebookCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Say whether nodes would load a rulebook, and if not, which rule it breaks and where.")

    @OptionGroup var rulebook: RulebookFile

    func run() throws {
        let read = try rulebook.read()
        try Output.lines([
            "\(rulebook.file.path) is sound: \(read.name), version \(read.version), for \(Self.population(read))",
            "  \(counted(read.factors.count, "factor")), \(counted(read.streaks.count, "streak")), "
                + "\(counted(read.tiers.count, "tier")), \(counted(read.effects.count, "effect"))",
            "  SHA-256 \(base64(read.hash.bytes))",
        ])
    }

    private static func population(_ rulebook: Rulebook) -> String {
        rulebook.population == .synthetic ? "a synthetic population" : "an enrolled population"
    }
}

struct RulebookShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Say in words everything that a rulebook lets count.")

    @OptionGroup var rulebook: RulebookFile

    func run() throws { try Output.lines(rulebook.read().words) }
}
