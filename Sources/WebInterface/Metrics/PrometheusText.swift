/// The Prometheus text exposition format, version 0.0.4: one block a metric, with its help and type, and one line a sample.
struct PrometheusText {
    enum MetricType: String, Sendable { case counter, gauge, histogram }

    enum Value: Sendable {
        case integer(Int64)
        case number(Double)

        var text: String {
            switch self {
            case .integer(let value): String(value)
            case .number(let value): PrometheusText.text(value)
            }
        }
    }

    static let mediaType = "text/plain; version=0.0.4; charset=utf-8"

    private(set) var text = ""
    private var begun: Set<String> = []

    /// Begins the block of a metric; all its samples follow before another begins.
    mutating func begin(_ name: String, _ type: MetricType, help: String) {
        guard begun.insert(name).inserted else { return }
        text += "# HELP \(name) \(Self.escaped(help, quotes: false))\n# TYPE \(name) \(type.rawValue)\n"
    }

    mutating func sample(_ name: String, _ labels: [(String, String)] = [], _ value: Value) {
        text += name
        if !labels.isEmpty {
            text += "{" + labels.map { "\($0.0)=\"\(Self.escaped($0.1, quotes: true))\"" }.joined(separator: ",") + "}"
        }
        text += " \(value.text)\n"
    }

    static func text(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if let whole = Int64(exactly: value) { return String(whole) }
        return "\(value)"
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }
}
