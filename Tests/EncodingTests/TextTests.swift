import Encoding
import Testing

struct HexTests {
    @Test func everyByteSurvives() {
        let all = (0...255).map { UInt8($0) }
        #expect(bytes(hex: hex(all)) == all)
        #expect(bytes(hex: hex(all).uppercased()) == all)
        #expect(hex([0x0f, 0xf0]) == "0ff0")
        #expect(bytes(hex: "") == [])
    }

    @Test(arguments: ["0", "abc", "0g", "+1", "-1", " 0", "0x", "00 ", "é0", "٠٠"])
    func whatIsNoHexIsRefused(text: String) {
        #expect(bytes(hex: text) == nil)
    }
}

struct Base64Tests {
    /// RFC 4648 section 10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func theVectorsOfTheSpecificationHold(plain: String, encoded: String) {
        #expect(base64(Array(plain.utf8)) == encoded)
        #expect(bytes(base64: encoded) == Array(plain.utf8))
    }

    @Test func everyLengthSurvives() {
        var data: [UInt8] = []
        for count in 0..<200 {
            #expect(bytes(base64: base64(data)) == data)
            data.append(UInt8(truncatingIfNeeded: count * 167 + 13))
        }
        #expect(bytes(base64: base64([0xfb, 0xff, 0xfe])) == [0xfb, 0xff, 0xfe])
    }

    @Test(arguments: [
        "Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm8=Zm8=", "Zg==Zg==", "=", "==", "===", "====", "=Zg=", "Z===",
        "Zg==\n", " Zg==", "Z g=", "Zm9-", "Zm9_", "Zm=v", "Zm9v====", "Zm9vé",
    ])
    func onlyTheOneCanonicalFormIsTaken(text: String) {
        #expect(bytes(base64: text) == nil)
    }

    @Test func ofAllTwoDigitEndingsSixteenTimesFewerAreCanonical() {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var accepted = 0
        for first in digits {
            for second in digits where bytes(base64: [first, second, 0x3d, 0x3d]) != nil { accepted += 1 }
        }
        #expect(accepted == 256)
    }
}

struct DecimalTests {
    @Test(
        arguments: [
            ("0", 0), ("7", 7), ("10", 10), ("600", 600), ("9223372036854775807", UInt64(Int64.max)),
        ] as [(String, UInt64)])
    func aNumberHasOneForm(text: String, value: UInt64) {
        #expect(decimal(text.utf8) == value)
    }

    @Test(arguments: [
        "", "00", "01", "0600", "+1", "-1", " 1", "1 ", "1\n", "1.0", "1e3", "0x1", "٣", "9223372036854775808",
        "9999999999999999999", "18446744073709551615", "18446744073709551616", "10000000000000000000000",
    ])
    func anyOtherIsRefused(text: String) {
        #expect(decimal(text.utf8) == nil)
    }
}
