extension JSONValue {
    /// The value in the least number of bytes, members in their order: equal values give equal bytes.
    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        append(to: &bytes)
        return bytes
    }

    package var text: String { String(decoding: bytes, as: UTF8.self) }

    /// The same for people: two spaces a level, one member or element a line, a newline at the end.
    package var indentedBytes: [UInt8] {
        var bytes: [UInt8] = []
        append(to: &bytes, indentation: 0)
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }

    /// Appends the value; `indentation` is the level it stands at, nil for the compact form.
    package func append(to bytes: inout [UInt8], indentation: Int? = nil) {
        switch content {
        case .null: bytes.append(contentsOf: "null".utf8)
        case .boolean(let value): bytes.append(contentsOf: (value ? "true" : "false").utf8)
        case .integer(let value): bytes.append(contentsOf: String(value).utf8)
        case .string(let value): JSONValue.appendQuoted(value, to: &bytes)
        case .array(let elements):
            JSONValue.appendList(elements, "[", "]", to: &bytes, indentation: indentation) { element, bytes in
                element.append(to: &bytes, indentation: indentation.map { $0 + 1 })
            }
        case .object(let members):
            JSONValue.appendList(members, "{", "}", to: &bytes, indentation: indentation) { member, bytes in
                JSONValue.appendQuoted(member.name, to: &bytes)
                bytes.append(contentsOf: (indentation == nil ? ":" : ": ").utf8)
                member.value.append(to: &bytes, indentation: indentation.map { $0 + 1 })
            }
        }
    }

    private static func appendList<Item>(
        _ items: [Item], _ opening: Unicode.Scalar, _ closing: Unicode.Scalar, to bytes: inout [UInt8],
        indentation: Int?, _ appendItem: (Item, inout [UInt8]) -> Void
    ) {
        bytes.append(UInt8(ascii: opening))
        for (number, item) in items.enumerated() {
            if number > 0 { bytes.append(UInt8(ascii: ",")) }
            if let indentation { appendNewline(to: &bytes, indentation: indentation + 1) }
            appendItem(item, &bytes)
        }
        if let indentation, !items.isEmpty { appendNewline(to: &bytes, indentation: indentation) }
        bytes.append(UInt8(ascii: closing))
    }

    private static func appendNewline(to bytes: inout [UInt8], indentation: Int) {
        bytes.append(UInt8(ascii: "\n"))
        for _ in 0..<(2 * indentation) { bytes.append(UInt8(ascii: " ")) }
    }

    /// Appends a string in quotes; only what must be escaped is.
    package static func appendQuoted(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { text in
            var rest = text[...]
            while let place = rest.firstIndex(where: { $0 < 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") }) {
                bytes.append(contentsOf: rest[..<place])
                appendEscaped(rest[place], to: &bytes)
                rest = rest[(place + 1)...]
            }
            bytes.append(contentsOf: rest)
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private static func appendEscaped(_ byte: UInt8, to bytes: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "\""): bytes.append(contentsOf: #"\""#.utf8)
        case UInt8(ascii: "\\"): bytes.append(contentsOf: #"\\"#.utf8)
        case UInt8(ascii: "\n"): bytes.append(contentsOf: #"\n"#.utf8)
        case UInt8(ascii: "\r"): bytes.append(contentsOf: #"\r"#.utf8)
        case UInt8(ascii: "\t"): bytes.append(contentsOf: #"\t"#.utf8)
        default:
            let digits = String(byte, radix: 16)
            bytes.append(contentsOf: (digits.utf8.count == 1 ? #"\u000"# : #"\u00"#).utf8)
            bytes.append(contentsOf: digits.utf8)
        }
    }
}
