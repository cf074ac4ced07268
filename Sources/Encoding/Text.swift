private let hexDigits = Array("0123456789abcdef".utf8)
private let base64Digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

private let base64Values: [UInt8] = {
    var values = [UInt8](repeating: 0xff, count: 256)
    for (value, digit) in base64Digits.enumerated() { values[Int(digit)] = UInt8(value) }
    return values
}()

/// Lower-case hexadecimal.
package func hex(_ bytes: some Collection<UInt8>) -> String {
    String(unsafeUninitializedCapacity: 2 * bytes.count) { text in
        var place = 0
        for byte in bytes {
            text.initializeElement(at: place, to: hexDigits[Int(byte >> 4)])
            text.initializeElement(at: place + 1, to: hexDigits[Int(byte & 15)])
            place += 2
        }
        return place
    }
}

/// Bytes of hexadecimal text of either case; nil where it is none.
package func bytes(hex text: some StringProtocol) -> [UInt8]? {
    var result: [UInt8] = []
    var high: UInt8?
    for character in text.utf8 {
        let digit: UInt8
        switch character {
        case 0x30...0x39: digit = character - 0x30
        case 0x61...0x66: digit = character - 0x61 + 10
        case 0x41...0x46: digit = character - 0x41 + 10
        default: return nil
        }
        if let first = high {
            result.append(first << 4 | digit)
            high = nil
        } else {
            high = digit
        }
    }
    return high == nil ? result : nil
}

/// Standard base64 with padding (RFC 4648 section 4).
package func base64(_ bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    var index = 0
    while index < bytes.count {
        let group = min(3, bytes.count - index)
        var word = UInt32(bytes[index]) << 16
        if group > 1 { word |= UInt32(bytes[index + 1]) << 8 }
        if group > 2 { word |= UInt32(bytes[index + 2]) }
        text.append(base64Digits[Int(word >> 18)])
        text.append(base64Digits[Int(word >> 12 & 63)])
        text.append(group > 1 ? base64Digits[Int(word >> 6 & 63)] : 0x3d)
        text.append(group > 2 ? base64Digits[Int(word & 63)] : 0x3d)
        index += 3
    }
    return String(decoding: text, as: UTF8.self)
}

/// Bytes of canonical standard base64: padded, no white space, unused bits zero; nil where it is not.
package func bytes(base64 text: some Collection<UInt8>) -> [UInt8]? {
    let digits = Array(text)
    guard digits.count % 4 == 0 else { return nil }
    var result: [UInt8] = []
    result.reserveCapacity(digits.count / 4 * 3)
    for start in stride(from: 0, to: digits.count, by: 4) {
        let isLast = start + 4 == digits.count
        let padding = isLast ? (digits[start + 3] == 0x3d ? (digits[start + 2] == 0x3d ? 2 : 1) : 0) : 0
        var word: UInt32 = 0
        for offset in 0..<4 {
            let isPadding = offset >= 4 - padding
            let value = isPadding ? 0 : base64Values[Int(digits[start + offset])]
            guard value != 0xff else { return nil }
            word = word << 6 | UInt32(value)
        }
        let unused: UInt32 = padding == 2 ? 0xffff : padding == 1 ? 0xff : 0
        guard word & unused == 0 else { return nil }
        result.append(UInt8(truncatingIfNeeded: word >> 16))
        if padding < 2 { result.append(UInt8(truncatingIfNeeded: word >> 8)) }
        if padding < 1 { result.append(UInt8(truncatingIfNeeded: word)) }
    }
    return result
}

package func bytes(base64 text: String) -> [UInt8]? { bytes(base64: text.utf8) }

/// A decimal number of at most `Int64.max` in its one form: digits only, no leading zero.
package func decimal(_ text: some Collection<UInt8>) -> UInt64? {
    guard let first = text.first, text.count <= 19, first != 0x30 || text.count == 1 else { return nil }
    var value: UInt64 = 0
    for digit in text {
        guard (0x30...0x39).contains(digit) else { return nil }
        value = value * 10 + UInt64(digit - 0x30)
    }
    return value <= UInt64(Int64.max) ? value : nil
}
