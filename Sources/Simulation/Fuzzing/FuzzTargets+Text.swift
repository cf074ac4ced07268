internal import Encoding
internal import Federation

/// Texts in which numbers, hashes and names stand, and JSON.
extension FuzzTarget {
    static let textTargets = [json, originName, textForms]

    private static let json = FuzzTarget(
        "json", "strict JSON, from files, imports and the control socket", maximumBytes: 4_096, tokens: jsonTokens,
        seeds: {
            let nested = [UInt8](repeating: 0x5b, count: 64) + [UInt8](repeating: 0x5d, count: 64)
            let texts = [
                #"{"a":[1,-2,true,false,null,"b\u00e9\ud83d\ude00\n"],"c":{"d":-9223372036854775808}}"#, "\t[ ]\r\n", "\"荣成\"",
                "{\"\u{e9}\":1,\"e\u{301}\":2}",
            ]
            return [nested] + texts.map { Array($0.utf8) }
        },
        body: { input, trace throws(FuzzFailure) in
            let value: JSONValue
            do throws(JSONFailure) { value = try JSONValue.parse(input) } catch {
                try trace.require(error.description.utf8.count <= 6 * input.count + 200, "the error is longer than the text")
                if let position = error.position {
                    try trace.require(
                        position.line >= 1 && position.column >= 1 && position.column <= input.count + 1, "it stands nowhere")
                }
                return trace.note(error)
            }
            let bytes = value.bytes
            // An escape of six bytes may stand where the text had one; a number, no more than it was.
            try trace.require(bytes.count <= 6 * input.count, "written it is \(bytes.count) bytes")
            for form in [bytes, value.indentedBytes] {
                let again = try? JSONValue.parse(form)
                try trace.require(again == value, "written and read again it is another value")
                try trace.require(again?.bytes == bytes, "equal values give different bytes")
            }
            trace.note(shape: value, depth: 3)
        })

    private static let originName = FuzzTarget(
        "origin-name", "an origin line", maximumBytes: 300, tokens: texts("/", "/1", "/0", "9223372036854775807"),
        seeds: { [FuzzMaterial.honest, FuzzMaterial.forking, Array("a/b/c/12".utf8)] },
        body: { input, trace throws(FuzzFailure) in
            guard let name = OriginName(input) else { return trace.note(1) }
            try trace.require(name.line == input && input.count <= 255, "its line is another")
            try trace.require(name.epoch >= 1 && !name.node.isEmpty, "it has no node or epoch")
            let parts = name.nodeLine + Array("/\(name.epoch)".utf8)
            try trace.require(parts == input, "its parts do not give the line back")
            let federation = Array(name.nodeLine.dropLast(name.node.count + 1))
            try trace.require(
                OriginName(federation: federation, node: name.node, epoch: name.epoch) == name,
                "made of its parts it is another")
            trace.note(size: name.epoch)
        })

    /// Hexadecimal, base64, decimals, subjects, positions as people write them.
    private static let textForms = FuzzTarget(
        "text", "hexadecimal, base64, decimals, subjects and positions", maximumBytes: 300,
        tokens: texts("=", "==", "0", "9223372036854775807", "9223372036854775808", ":", "\u{661}"),
        seeds: {
            ["00ff", "AAECAwQ=", "0", "9223372036854775807", "a/b/1:7", "026397cb0529e1d3cd44e128ff2b4e48"].map {
                Array($0.utf8)
            }
        },
        body: { input, trace throws(FuzzFailure) in
            if let decoded = bytes(base64: input) {
                try trace.require(Array(base64(decoded).utf8) == input, "base64 has two forms")
                trace.note(1)
            }
            if let number = decimal(input) {
                try trace.require(Array(String(number).utf8) == input && number <= UInt64(Int64.max), "a decimal has two forms")
                trace.note(2)
            }
            guard let text = String(validating: input, as: UTF8.self) else { return trace.note(3) }
            if let decoded = bytes(hex: text) {
                try trace.require(hex(decoded) == text.lowercased(), "hexadecimal digits give other bytes")
                trace.note(4)
                if let subject = SubjectID(hex: text) {
                    try trace.require(subject.bytes == decoded, "a subject has other bytes")
                    trace.note(5)
                }
            }
            if let position = Position(text) {
                try trace.require(Array(position.description.utf8) == input, "a position has two forms")
                trace.note(6)
            }
        })

    static let jsonTokens = texts(
        "{", "}", "[", "]", ",", ":", "\"", "\\", "\\u", "\\ud800", "\\udc00", "\\u0000", "\\ufdd0", "true", "false", "null",
        "-", "0", "1e9", "0.5", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "\u{feff}", "\u{fffe}",
        "\"a\":1,", "[[[[[[[[", "]]]]]]]]")
}

extension FuzzTrace {
    /// Notes of what kinds a value is made, as far down as `depth`.
    mutating func note(shape value: JSONValue, depth: Int) {
        switch value.content {
        case .null: note(10)
        case .boolean: note(11)
        case .integer(let number):
            note(12)
            note(size: number.magnitude)
        case .string(let text):
            note(13)
            note(size: text.utf8.count)
        case .array(let elements):
            note(14)
            note(size: elements.count)
            if depth > 0, let first = elements.first { note(shape: first, depth: depth - 1) }
        case .object(let members):
            note(15)
            note(size: members.count)
            if depth > 0, let first = members.first { note(shape: first.value, depth: depth - 1) }
        }
    }
}
