internal import ArgumentParser
internal import Encoding
internal import Federation
internal import NodeRuntime

/// What all commands share that record one event.
struct RecordingOptions: ParsableArguments {
    @OptionGroup var data: DataOptions
    @OptionGroup var json: JSONOption

    /// Records drafts, all or none, and says where they stand.
    func record(_ drafts: [Draft], isDeduplicated: Bool = false) throws {
        let members = [("deduplicate", JSONValue.boolean(isDeduplicated))]
        let value = try withNode(data) { try $0.call("record", members, drafts: drafts) }
        if json.isWanted { return try Output.json(value) }
        var answer = try Answer(value)
        let origin = try answer.text("origin")
        let added = try answer.number("added")
        if try answer.flag("aside"), added > 0 {
            try Output.line(
                "recorded, and kept aside: \(added == 1 ? "it gets its" : "they get their") place in \(origin) when the node has fetched its own past"
            )
        } else if let first = try answer.optionalNumber("first") {
            try Output.lines((first..<(first + added)).map { "recorded \(origin):\($0)" })
        } else {
            try Output.line("there already: nothing was recorded")
        }
    }
}

struct RecordCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "record", abstract: "Record an observation in the node's own log.",
        discussion: """
            The reference names the occurrence. An observation that equals one of the node's own in subject, factor, day, \
            quantity and reference is there already and is not recorded again; without a reference it always is.

              concord record --subject 026397cb0529e1d3cd44e128ff2b4e48 \\
                --factor hours.care --quantity 3 --day 2025-03-01 \\
                --reference sheet-2025-03-017
            """)

    @Option(help: "The subject: 32 hexadecimal digits.", transform: SubjectArgument.init(parsing:))
    var subject: SubjectArgument

    @Option(help: ArgumentHelp("What was observed: the code of one of the rulebook's factors.", valueName: "code"))
    var factor: String

    @Option(help: ArgumentHelp("How often or how much, at least 1.", valueName: "number"))
    var quantity: Int32 = 1

    @Option(
        help: ArgumentHelp(
            "What tells the occurrence from others: a text, or bytes as hex: and digits.", valueName: "text"))
    var reference: String = ""

    @OptionGroup var day: DayOption
    @OptionGroup var options: RecordingOptions

    func validate() throws {
        guard quantity >= 1 else { throw ValidationError("--quantity is a whole number from 1, not \(quantity)") }
        guard !factor.isEmpty else {
            throw ValidationError("--factor names a factor of the rulebook: see concord rulebook show")
        }
        _ = try text(factor, "factor", upTo: Body.maximumFactor)
        _ = try referenceBytes()
    }

    func run() throws {
        let content = Body.Content.observation(
            factor: try text(factor, "factor", upTo: Body.maximumFactor), quantity: quantity,
            reference: try referenceBytes())
        try options.record([.body(day: day.number, subject: subject.subject, content: content)], isDeduplicated: true)
    }

    private func referenceBytes() throws -> [UInt8] {
        guard reference.hasPrefix("hex:") else { return try text(reference, "reference", upTo: Body.maximumReference) }
        guard let bytes = bytes(hex: reference.dropFirst(4)), (1...Body.maximumReference).contains(bytes.count) else {
            throw ValidationError(
                "Behind hex: stand two hexadecimal digits a byte, 1 to \(Body.maximumReference) bytes")
        }
        return bytes
    }
}

struct EraseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "erase", abstract: "Erase what entries say; the log keeps only that there was something.",
        discussion: """
            A node erases entries of its own log, an authority those of any. The entries count for nothing at once; their \
            bytes leave every store when the next cut that contains the erasure is attested, after 24 hours at the latest. \
            This cannot be undone.

              concord erase volunteer.concord.example/ghent/1:17 --ground request
            """)

    @Argument(help: "What is erased: <origin line>:<index>.", transform: PositionArgument.init(parsing:))
    var targets: [PositionArgument]

    @Option(
        help: ArgumentHelp("Why: \(Self.grounds.map(\.name).joined(separator: ", ")).", valueName: "ground"),
        transform: Self.ground)
    var ground: ErasureGround

    @OptionGroup var options: RecordingOptions

    private static let grounds: [(name: String, ground: ErasureGround)] = [
        ("request", .request), ("error", .recordedInError), ("period", .storagePeriodOver), ("order", .order),
    ]

    @Sendable private static func ground(_ text: String) throws -> ErasureGround {
        guard let found = grounds.first(where: { $0.name == text }) else {
            throw ArgumentFailure(
                "a ground is request (the person's), error (recorded in error), period (storage period over) or order")
        }
        return found.ground
    }

    func validate() throws {
        guard Set(targets.map(\.position)).count == targets.count else {
            throw ValidationError("A position is named twice")
        }
    }

    func run() throws { try options.record(targets.map { .erasure(target: $0.position, ground: ground) }) }
}
