import Encoding
import Testing

struct ByteReaderTests {
    @Test func integersAreBigEndian() throws {
        var reader = ByteReader([0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07] + [0xff, 0xff, 0xff, 0xfe] + (1...8))
        #expect(try reader.uint8() == 0x01)
        #expect(try reader.uint16() == 0x0203)
        #expect(try reader.uint32() == 0x0405_0607)
        #expect(try reader.int32() == -2)
        #expect(try reader.uint64() == 0x0102_0304_0506_0708)
        #expect(reader.remaining == 0)
        try reader.finish()
    }

    @Test func nothingIsReadPastTheEnd() {
        for count in 0..<8 {
            var reader = ByteReader([UInt8](repeating: 0, count: count))
            #expect(throws: DecodingFailure.truncated) { try reader.uint64() }
            #expect(throws: DecodingFailure.truncated) { try reader.fixed(count + 1) }
            #expect(throws: DecodingFailure.truncated) { try reader.fixed(-1) }
            #expect(throws: DecodingFailure.truncated) { try reader.fixed(.max) }
            #expect(reader.position == 0)
        }
        var empty = ByteReader([])
        #expect(throws: DecodingFailure.truncated) { try empty.uint8() }
        #expect(throws: DecodingFailure.truncated) { try empty.vector(0...1) }
    }

    @Test(arguments: [(0, 1), (1, 1), (255, 1), (256, 2), (65_535, 2), (65_536, 3), (16_777_215, 3), (16_777_216, 4)])
    func aLengthPrefixIsAsWideAsItsLimitNeeds(limit: Int, width: Int) {
        #expect(lengthPrefixWidth(limit) == width)
        var writer = ByteWriter()
        writer.vector([7], maximum: max(limit, 1))
        #expect(writer.bytes == [UInt8](repeating: 0, count: width - 1) + [1, 7])
    }

    @Test func aVectorOutsideItsRangeIsRefusedWhateverFollows() {
        var over = ByteReader([5, 1, 2, 3, 4, 5])
        #expect(throws: DecodingFailure.vectorLength(5)) { try over.vector(0...4) }
        var under = ByteReader([0])
        #expect(throws: DecodingFailure.vectorLength(0)) { try under.vector(1...4) }
        // Four gibibytes announced and none sent: refused before anything is allocated.
        var huge = ByteReader([0xff, 0xff, 0xff, 0xff])
        #expect(throws: DecodingFailure.truncated) { try huge.vector(0...0xffff_ffff) }
        var cut = ByteReader([3, 1, 2])
        #expect(throws: DecodingFailure.truncated) { try cut.vector(0...4) }
    }

    @Test func aTextMustBeUTF8() throws {
        var good = ByteReader([3, 0xe4, 0xb8, 0x8a])
        #expect(try good.text(0...255) == [0xe4, 0xb8, 0x8a])
        var bad = ByteReader([2, 0xe4, 0xb8])
        #expect(throws: DecodingFailure.notUTF8) { try bad.text(0...255) }
    }

    @Test func aSliceIsReadFromItsOwnBeginning() throws {
        var reader = ByteReader([9, 9, 1, 2][2...])
        #expect(try reader.uint16() == 0x0102)
        try reader.finish()
    }

    @Test func everyFailureSaysWhatIsWrong() {
        let failures: [DecodingFailure] = [
            .truncated, .trailingBytes, .vectorLength(77), .value(-5), .notUTF8, .malformed("the tail is bent"),
        ]
        #expect(Set(failures.map(\.description)).count == failures.count)
        #expect(failures[2].description.contains("77"))
        #expect(failures[3].description.contains("-5"))
        #expect(failures[5].description == "the tail is bent")
    }
}

struct ByteWriterTests {
    @Test func whatIsWrittenIsReadBack() throws {
        var writer = ByteWriter()
        writer.uint8(.max)
        writer.uint16(0x1234)
        writer.uint32(0xdead_beef)
        writer.int32(.min)
        writer.uint64(.max - 1)
        writer.fixed([1, 2, 3])
        writer.vector([UInt8](repeating: 5, count: 300), maximum: 4_095)
        var reader = ByteReader(writer.bytes)
        #expect(try reader.uint8() == .max)
        #expect(try reader.uint16() == 0x1234)
        #expect(try reader.uint32() == 0xdead_beef)
        #expect(try reader.int32() == .min)
        #expect(try reader.uint64() == .max - 1)
        #expect(try reader.fixed(3) == [1, 2, 3])
        #expect(try reader.vector(0...4_095) == [UInt8](repeating: 5, count: 300))
        try reader.finish()
    }
}
