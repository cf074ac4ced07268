internal import Encoding

extension FuzzTarget {
    /// A format in which everything has one form: what decodes encodes to the very same bytes and decodes again to an
    /// equal value; and, unless it is a list without an end mark, nothing that decodes is the front of something that does.
    static func canonical<Value: Equatable & SendableMetatype>(
        _ name: String, _ summary: String, maximumBytes: Int = 4_096, tokens: [[UInt8]] = [], isList: Bool = false,
        seeds: @escaping @Sendable () -> [[UInt8]],
        decode: @escaping @Sendable ([UInt8]) throws(DecodingFailure) -> Value,
        encode: @escaping @Sendable (Value) -> [UInt8],
        look: @escaping @Sendable (Value, inout FuzzTrace) throws(FuzzFailure) -> Void = { _, _ in }
    ) -> FuzzTarget {
        FuzzTarget(name, summary, maximumBytes: maximumBytes, tokens: tokens, seeds: seeds) {
            input, trace throws(FuzzFailure) in
            let value: Value
            do throws(DecodingFailure) { value = try decode(input) } catch { return trace.note(error) }
            trace.note(1)
            trace.note(size: input.count)
            let encoded = encode(value)
            try trace.require(encoded == input, "what decodes does not encode to the same bytes")
            let again = try? decode(encoded)
            try trace.require(again == value, "what was encoded decodes to another value")
            if !isList, !input.isEmpty {
                let isWhole = (try? decode(Array(input.dropLast()))) == nil && (try? decode(input + [0])) == nil
                try trace.require(isWhole, "with a byte more or less it decodes too")
            }
            try look(value, &trace)
        }
    }
}

extension FuzzTrace {
    mutating func note(_ failure: DecodingFailure) {
        switch failure {
        case .truncated: note(2)
        case .trailingBytes: note(3)
        case .vectorLength(let length):
            note(4)
            note(size: length)
        case .value(let value):
            note(5)
            note(size: value.magnitude)
        case .notUTF8: note(6)
        case .malformed(let reason):
            note(7)
            note(words: reason)
        }
    }

    mutating func note(_ failure: JSONFailure) {
        note(8)
        note(words: failure.message)
        note(size: failure.path.utf8.count)
    }
}

/// Every text of a list as bytes.
func texts(_ texts: String...) -> [[UInt8]] { texts.map { Array($0.utf8) } }
