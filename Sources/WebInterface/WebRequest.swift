internal import Encoding
internal import Federation
internal import HTTPTypes
internal import NodeRuntime
internal import Scoring

/// A request whose form is checked: its path and query belong to a route, and its token, if it has one, is known.
struct WebRequest: Sendable {
    let method: HTTPRequest.Method
    let headers: HTTPFields
    let pathValues: [String: String]
    let query: [String: String]
    let token: AccessToken?
    let body: [UInt8]

    /// Who reads, as the log of readings names them.
    var reader: Reader { Reader(name: token.map { "token \($0.name)" } ?? "nobody", isOwed: false) }

    func path(_ name: String) -> String { pathValues[name] ?? "" }

    func subject() throws -> SubjectID {
        guard let subject = SubjectID(hex: path("subject")) else {
            throw WebProblem.badRequest("a subject is 32 hexadecimal digits")
        }
        return subject
    }

    func day() throws -> UInt32? {
        guard let text = query["day"] else { return nil }
        guard let day = CalendarDay(text), let number = UInt32(exactly: day.dayNumber) else {
            throw WebProblem.badRequest("day is a day from 1970-01-01 on in the form YYYY-MM-DD, not \(text)")
        }
        return number
    }

    /// The day as a member of a node's command; none where it is left out.
    func dayMember() throws -> [(String, JSONValue)] { try day().map { [("day", .integer(Int64($0)))] } ?? [] }

    func limit(_ maximum: Int, default normal: Int) throws -> Int {
        guard let text = query["limit"] else { return normal }
        guard text.utf8.count <= 6, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(text),
            (1...maximum).contains(number)
        else { throw WebProblem.badRequest("limit is a whole number from 1 to \(maximum), not \(text)") }
        return number
    }

    /// The body as a JSON object.
    func object() throws -> JSONObjectReader {
        do { return try JSONObjectReader(JSONValue.parse(body, numbers: .wholeValues)) } catch {
            throw WebProblem.badRequest("the body is not what it should be: \(error)")
        }
    }
}

/// A request's target, split and decoded strictly.
struct WebTarget: Sendable {
    let path: [String]
    let query: [(name: String, value: String)]

    /// Nil for a target that is no path, is too long, or whose percent signs do not decode to UTF-8.
    init?(_ target: String) {
        guard target.utf8.count <= WebLimits.targetBytes, target.hasPrefix("/"), !target.contains("#") else { return nil }
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var path: [String] = []
        for segment in parts[0].split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            guard let decoded = Self.decode(segment, plusIsSpace: false) else { return nil }
            path.append(decoded)
        }
        self.path = path
        var query: [(String, String)] = []
        for pair in parts.count > 1 ? parts[1].split(separator: "&") : [] {
            let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.decode(halves[0], plusIsSpace: true),
                let value = Self.decode(halves.count > 1 ? halves[1] : "", plusIsSpace: true)
            else { return nil }
            query.append((name, value))
        }
        self.query = query
    }

    private static func decode(_ text: Substring, plusIsSpace: Bool) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst(), let low = rest.popFirst(),
                    let high = Character(UnicodeScalar(high)).hexDigitValue,
                    let low = Character(UnicodeScalar(low)).hexDigitValue
                else { return nil }
                bytes.append(UInt8(high << 4 | low))
            case UInt8(ascii: "+") where plusIsSpace: bytes.append(0x20)
            default: bytes.append(byte)
            }
        }
        return isUTF8(bytes) && !bytes.contains(0) ? String(decoding: bytes, as: UTF8.self) : nil
    }
}
