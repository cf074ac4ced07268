internal import ArgumentParser
internal import Encoding
internal import NodeRuntime

/// Reaches the node of a data folder, running or not, and lets go of its store however the work ends.
func withNode<Value>(_ options: DataOptions, _ body: (NodeClient) throws -> Value) throws -> Value {
    // Somebody waits for the answer, often on a machine that is busy.
    PromptThread.begin()
    let client = try NodeClient(folder: options.folder)
    do {
        let value = try body(client)
        try client.close()
        return value
    } catch {
        try? client.close()
        throw error
    }
}

extension NodeClient {
    /// Calls a command whose progress is shown while it works: parts of a total, or texts.
    func callShowingProgress(_ command: String, _ members: [(String, JSONValue)] = []) throws -> JSONValue {
        var bar = ProgressBar()
        defer { bar.clear() }
        return try call(command, members) { event in
            guard case .string(let label)? = event["progress"]?.content else { return }
            if case .integer(let done)? = event["done"]?.content, case .integer(let total)? = event["total"]?.content {
                let done = UInt64(clamping: done)
                bar.update(label, done: done, total: UInt64(clamping: total), counter: (done, "entries"))
            } else {
                bar.show(label)
            }
        }
    }
}

/// The members of a node's answer, by name and type.
struct Answer {
    private var reader: JSONObjectReader

    init(_ value: JSONValue) throws { reader = try JSONObjectReader(value) }

    init(_ reader: JSONObjectReader) { self.reader = reader }

    mutating func text(_ name: String) throws -> String { try reader.string(name) }

    /// Nil where the member is null or absent.
    mutating func optionalText(_ name: String) throws -> String? {
        guard case .string(let text)? = reader.optionalValue(name)?.content else { return nil }
        return text
    }

    mutating func number(_ name: String) throws -> Int64 { try reader.integer(name) }

    /// Nil where the member is null or absent.
    mutating func optionalNumber(_ name: String) throws -> Int64? {
        guard case .integer(let number)? = reader.optionalValue(name)?.content else { return nil }
        return number
    }

    mutating func flag(_ name: String) throws -> Bool { try reader.optionalBoolean(name) ?? false }

    mutating func texts(_ name: String) throws -> [String] { try reader.strings(name) }

    /// Nil where the member is null or absent.
    mutating func optionalAnswer(_ name: String) throws -> Answer? {
        guard let value = reader.optionalValue(name), case .object = value.content else { return nil }
        return try Answer(value)
    }

    mutating func member(_ name: String) throws -> JSONValue? { reader.optionalValue(name) }

    mutating func answers(_ name: String) throws -> [Answer] { try reader.objects(name).map(Answer.init) }
}

/// Lines of a list up to a limit, and how many more there are.
func limited(_ lines: [String], of total: Int, to limit: Int = 1_000) -> [String] {
    let shown = lines.prefix(limit).map { "  \($0)" }
    return total > shown.count ? shown + ["  and \(grouped(total - shown.count)) more"] : Array(shown)
}
