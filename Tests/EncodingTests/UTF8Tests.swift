import Encoding
import Testing

struct UTF8Tests {
    @Test(arguments: [
        "", "plain", "é", "上海", "😀", "\u{0}", "\u{7f}", "\u{80}", "\u{7ff}", "\u{800}", "\u{ffff}", "\u{10000}",
        "\u{10ffff}", "\u{d7ff}\u{e000}",
    ])
    func wellFormedTextIsUTF8(text: String) {
        #expect(isUTF8(Array(text.utf8)))
        #expect(isUTF8(Array("before ".utf8) + Array(text.utf8) + Array(" behind".utf8)))
    }

    @Test(arguments: [
        "80", "bf", "c3", "c328", "c080", "c1bf", "e4b8", "e08080", "e09fbf", "eda080", "edbfbf", "f0808080", "f08fbfbf",
        "f0908080c3", "f4908080", "f5808080", "f8888080", "fe", "ff", "61ff", "c3a9c3",
    ])
    func overlongFormsSurrogatesAndFragmentsAreNot(digits: String) throws {
        #expect(!isUTF8(try #require(bytes(hex: digits))))
    }

    @Test func everyPairOfBytesIsJudgedAsTheStandardLibraryDoes() {
        var disagreements = 0
        for first in 0..<256 {
            for second in 0..<256 {
                let pair = [UInt8(first), UInt8(second)]
                if isUTF8(pair) != (String(validating: pair, as: UTF8.self) != nil) { disagreements += 1 }
            }
        }
        #expect(disagreements == 0)
    }
}
