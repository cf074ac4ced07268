import Encoding
import Federation
import NodeRuntime
import Scoring
import Simulation
import Testing

/// Random records, and the same as rows: the text of each field that a record has.
private struct RandomFile {
    static let columns = [
        "statement", "kind", "reference", "day", "quantity", "factor", "subject", "verdict", "target", "reason",
    ]
    var generator: SeededRandom
    var records: [ImportRecord] = []
    var rows: [[String: String]] = []

    init(seed: UInt64, count: Int) {
        generator = SeededRandom(seed: seed)
        for _ in 0..<count { add() }
    }

    private mutating func text(_ maximum: Int) -> String {
        let pieces = ["a", "B", " ", ",", ";", "\t", "\"", "é", "汉", "🚲", "=1+1", "'", "\\", "\n", "\r\n", "{", "0"]
        var text = ""
        for _ in 0..<Int.random(in: 1...10, using: &generator) {
            let piece = pieces.randomElement(using: &generator)!
            if text.utf8.count + piece.utf8.count <= maximum { text += piece }
        }
        return text
    }

    private mutating func add() {
        let day = UInt32.random(in: 0...40_000, using: &generator)
        let subject = SubjectID(high: generator.next(), low: generator.next())
        let position = Position(
            origin: Array("pilot/city/\(Int.random(in: 1...99, using: &generator))".utf8), index: generator.next() >> 1)
        let words = text(255)
        let bytes = Array(words.utf8)
        var fields = ["day": "\(CalendarDay(dayNumber: Int64(day)))", "subject": "\(subject)"]
        let content: Body.Content
        switch Int.random(in: 0..<6, using: &generator) {
        case 0:
            content = .retraction(target: position, reason: bytes)
            fields.merge(["kind": "retraction", "target": "\(position)", "reason": words]) { $1 }
        case 1:
            content = .appeal(target: position, reason: bytes)
            fields.merge(["kind": "appeal", "target": "\(position)", "reason": words]) { $1 }
        case 2:
            content = .ruling(target: position, verdict: .overturned, reason: bytes)
            fields.merge(["kind": "ruling", "target": "\(position)", "reason": words, "verdict": "overturned"]) { $1 }
        case 3:
            content = .enrolment(statement: bytes)
            fields.merge(["kind": "enrolment", "statement": words]) { $1 }
        case 4:
            content = .withdrawal(statement: bytes)
            fields.merge(["kind": "withdrawal", "statement": words]) { $1 }
        default:
            let factor = text(64)
            let quantity = Int32.random(in: 1...Int32.max, using: &generator)
            let reference = text(60)
            content = .observation(factor: Array(factor.utf8), quantity: quantity, reference: Array(reference.utf8))
            fields.merge(["factor": factor, "quantity": "\(quantity)", "reference": reference]) { $1 }
        }
        records.append(ImportRecord(line: 0, day: day, subject: subject, content: content))
        rows.append(fields)
    }

    func records(lines: [Int]) -> [ImportRecord] {
        zip(records, lines).map { ImportRecord(line: $1, day: $0.day, subject: $0.subject, content: $0.content) }
    }

    /// The file, and the line in which each record begins.
    mutating func csv() -> (text: String, lines: [Int]) {
        let separator = [",", ";", "\t"].randomElement(using: &generator)!
        let lineEnd = ["\n", "\r\n"].randomElement(using: &generator)!
        var rowTexts = [Self.columns.joined(separator: separator)]
        var lines = [2]
        for row in rows {
            let fields = Self.columns.map { row[$0, default: ""] }
            let text = fields.map { field(of: $0, separator) }.joined(separator: separator)
            rowTexts.append(text)
            lines.append(lines.last! + 1 + text.utf8.filter { $0 == UInt8(ascii: "\n") }.count)
        }
        return (rowTexts.joined(separator: lineEnd) + (Bool.random(using: &generator) ? lineEnd : ""), lines)
    }

    private mutating func field(of text: String, _ separator: String) -> String {
        // Looked for in scalars: a carriage return and a line feed are one Character.
        let needsQuotes =
            text.unicodeScalars.contains { "\"\r\n".unicodeScalars.contains($0) } || text.contains(separator)
        guard needsQuotes || Bool.random(using: &generator) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }

    func ndjson() -> String {
        rows.map { row in
            JSONValue.object(
                Self.columns.compactMap { name in
                    row[name].map { JSONMember(name, name == "quantity" ? .integer(Int64($0)!) : .string($0)) }
                }
            ).text + "\n"
        }.joined()
    }
}

struct ImportPropertyTests {
    @Test(arguments: 0..<60 as Range<UInt64>)
    func whatIsWrittenIsRead(_ seed: UInt64) throws {
        var file = RandomFile(seed: seed, count: 40)
        #expect(try items(file.ndjson(), .ndjson) == file.records(lines: Array(1...40)).map { .record($0) })
        let csv = file.csv()
        #expect(try items(csv.text) == file.records(lines: csv.lines).map { .record($0) })
    }
}
