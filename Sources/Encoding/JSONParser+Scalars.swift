extension JSONParser {
    /// A whole number in 64 bits, the minus sign included.
    mutating func integer() throws(JSONFailure) -> Int64 {
        let (start, startOffset) = (position, offset)
        let isNegative = next == UInt8(ascii: "-")
        if isNegative { offset += 1 }
        guard let first = next, let firstDigit = digit(first) else { throw failure("a digit should stand here") }
        offset += 1
        // Counted downwards, since Int64 reaches one further there.
        var value = -firstDigit
        while let byte = next, let digit = digit(byte) {
            guard firstDigit != 0 else { throw JSONFailure(at: start, "a number may not begin with a zero") }
            let (tenfold, overflowsTenfold) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflowsSum) = tenfold.subtractingReportingOverflow(digit)
            guard !overflowsTenfold, !overflowsSum else { throw tooLarge(at: start) }
            value = sum
            offset += 1
        }
        if let byte = next, [UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E")].contains(byte) {
            guard numbers == .wholeValues else {
                throw JSONFailure(at: start, "numbers are whole here: write it without fraction or exponent")
            }
            offset = startOffset
            return try wholeValue(at: start)
        }
        if isNegative { return value }
        guard value != .min else { throw tooLarge(at: start) }
        return -value
    }

    /// A number with fraction or exponent whose value is whole. Its digits are moved, never multiplied: nothing is rounded, and no
    /// exponent, however large, costs anything.
    private mutating func wholeValue(at start: JSONPosition) throws(JSONFailure) -> Int64 {
        let isNegative = next == UInt8(ascii: "-")
        if isNegative { offset += 1 }
        var significant = try digits()
        var exponent = 0
        if next == UInt8(ascii: ".") {
            offset += 1
            let fraction = try digits()
            significant += fraction
            exponent -= fraction.count
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            offset += 1
            let isDown = next == UInt8(ascii: "-")
            if isDown || next == UInt8(ascii: "+") { offset += 1 }
            let power = try digits().reduce(0) { min($0 * 10 + Int($1), 1 << 40) }
            exponent += isDown ? -power : power
        }
        while significant.last == 0 {
            significant.removeLast()
            exponent += 1
        }
        guard let first = significant.firstIndex(where: { $0 != 0 }) else { return 0 }
        guard exponent >= 0 else { throw JSONFailure(at: start, "numbers are whole here: this one is not") }
        // Int64 has 19 digits.
        guard significant.count - first + exponent <= 19 else { throw tooLarge(at: start) }
        var value: Int64 = 0
        for digit in significant[first...] + Array(repeating: 0, count: exponent) {
            let (tenfold, overflowsTenfold) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflowsSum) = tenfold.subtractingReportingOverflow(Int64(digit))
            guard !overflowsTenfold, !overflowsSum else { throw tooLarge(at: start) }
            value = sum
        }
        if isNegative { return value }
        guard value != .min else { throw tooLarge(at: start) }
        return -value
    }

    /// The values of one or more digits.
    private mutating func digits() throws(JSONFailure) -> [UInt8] {
        var digits: [UInt8] = []
        while let byte = next, digit(byte) != nil {
            digits.append(byte - UInt8(ascii: "0"))
            offset += 1
        }
        guard !digits.isEmpty else { throw failure("a digit should stand here") }
        return digits
    }

    private func digit(_ byte: UInt8) -> Int64? {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) ? Int64(byte - UInt8(ascii: "0")) : nil
    }

    private func tooLarge(at start: JSONPosition) -> JSONFailure {
        JSONFailure(at: start, "the number does not fit 64 bits")
    }

    /// A string, from its opening quote to behind its closing one.
    mutating func string() throws(JSONFailure) -> String {
        offset += 1
        var text: [UInt8] = []
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                offset += 1
                return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"):
                appendScalar(try escaped(), to: &text)
            case 0..<0x20:
                throw failure("a control character in a string: write it as an escape")
            case 0x20..<0x80:
                text.append(byte)
                offset += 1
            default:
                let scalar = try multibyteScalar()
                appendScalar(scalar, to: &text)
            }
        }
        throw failure("ends inside a string")
    }

    private func appendScalar(_ scalar: Unicode.Scalar, to text: inout [UInt8]) {
        text.append(contentsOf: UTF8.encode(scalar)!)  // every scalar has a UTF-8 form
    }

    /// A scalar of two to four bytes, by the table of well-formed sequences (Unicode 3.9, table 3-7).
    private mutating func multibyteScalar() throws(JSONFailure) -> Unicode.Scalar {
        let first = bytes[offset]
        let (count, second): (Int, ClosedRange<UInt8>) =
            switch first {
            case 0xC2...0xDF: (2, 0x80...0xBF)
            case 0xE0: (3, 0xA0...0xBF)
            case 0xED: (3, 0x80...0x9F)
            case 0xE1...0xEF: (3, 0x80...0xBF)
            case 0xF0: (4, 0x90...0xBF)
            case 0xF1...0xF3: (4, 0x80...0xBF)
            case 0xF4: (4, 0x80...0x8F)
            default: throw failure("not UTF-8")
            }
        guard bytes.count - offset >= count, second.contains(bytes[offset + 1]) else { throw failure("not UTF-8") }
        var value = UInt32(first) & (0x7F >> UInt32(count))
        for byte in bytes[(offset + 1)..<(offset + count)] {
            guard byte & 0xC0 == 0x80 else { throw failure("not UTF-8") }
            value = value << 6 | UInt32(byte & 0x3F)
        }
        let scalar = try character(value)
        offset += count
        lineStart += count - 1
        return scalar
    }

    /// An escape, from its backslash on; a pair of surrogates is one.
    private mutating func escaped() throws(JSONFailure) -> Unicode.Scalar {
        guard bytes.count - offset >= 2 else { throw failure("ends inside a string") }
        let letter = bytes[offset + 1]
        let meaning: Unicode.Scalar? =
            switch letter {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): Unicode.Scalar(letter)
            case UInt8(ascii: "b"): "\u{8}"
            case UInt8(ascii: "f"): "\u{C}"
            case UInt8(ascii: "n"): "\n"
            case UInt8(ascii: "r"): "\r"
            case UInt8(ascii: "t"): "\t"
            case UInt8(ascii: "u"): nil
            default: throw failure("there is no such escape")
            }
        if let meaning {
            offset += 2
            return meaning
        }
        var value = try hexUnit(at: offset)
        var count = 6
        if (0xD800...0xDBFF).contains(value), offset + 7 < bytes.count,
            bytes[offset + 6] == UInt8(ascii: "\\"), bytes[offset + 7] == UInt8(ascii: "u")
        {
            let low = try hexUnit(at: offset + 6)
            guard (0xDC00...0xDFFF).contains(low) else { throw failure("half of a surrogate pair") }
            value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
            count = 12
        }
        let scalar = try character(value)
        offset += count
        return scalar
    }

    /// The four digits of the escape `\uXXXX` whose backslash stands at `start`.
    private func hexUnit(at start: Int) throws(JSONFailure) -> UInt32 {
        guard bytes.count - start >= 6 else { throw failure("ends inside an escape") }
        var value: UInt32 = 0
        for byte in bytes[(start + 2)..<(start + 6)] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw failure("four hexadecimal digits should follow \\u")
            }
            value = value << 4 | UInt32(digit)
        }
        return value
    }

    /// I-JSON (RFC 7493 section 2.1) has no surrogates and no noncharacters.
    private func character(_ value: UInt32) throws(JSONFailure) -> Unicode.Scalar {
        guard let scalar = Unicode.Scalar(value) else { throw failure("half of a surrogate pair") }
        guard value & 0xFFFE != 0xFFFE, !(0xFDD0...0xFDEF).contains(value) else {
            throw failure("a code point that is not a character")
        }
        return scalar
    }
}
