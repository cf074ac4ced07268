import Testing

@testable import Transport

@Suite struct FrameReaderTests {
    /// Gives out at most `step` bytes at a call, and none before each of them if it stutters.
    struct Source: PlaintextSource {
        var bytes: ArraySlice<UInt8>
        let step: Int
        let stutters: Bool
        private var isSilent = false

        init(_ bytes: [UInt8], step: Int, stutters: Bool) {
            self.bytes = bytes[...]
            self.step = step
            self.stutters = stutters
        }

        mutating func read(into target: UnsafeMutableRawBufferPointer) throws(LinkClosure) -> Int {
            isSilent.toggle()
            if stutters && isSilent { return 0 }
            let count = min(step, bytes.count, target.count)
            target.copyBytes(from: bytes.prefix(count))
            bytes = bytes.dropFirst(count)
            return count
        }
    }

    static let frames = [0, 1, 2, 255, 256, 40_000].enumerated().map { index, count in
        Frame(type: UInt8(200 + index), payload: pattern(count, seed: index))
    }

    static let stream = frames.flatMap { Frame.header(type: $0.type, payloadLength: $0.payload.count) + $0.payload }

    @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 1_000, 1_000_000], [true, false])
    func theSameFramesComeOutHoweverTheStreamIsCut(step: Int, stutters: Bool) throws {
        var source = Source(Self.stream, step: step, stutters: stutters)
        var reader = FrameReader(maximumFrameLength: 40_001)
        var frames: [Frame] = []
        while !source.bytes.isEmpty || frames.count < Self.frames.count {
            if let frame = try reader.next(from: &source) { frames.append(frame) }
        }
        #expect(frames == Self.frames)
        #expect(reader.completed == UInt64(frames.count))
        #expect(!reader.isInsideFrame)
    }

    @Test func aTruncatedFrameIsNotHandedOut() throws {
        var source = Source(Array(Self.stream.dropLast()), step: 100_000, stutters: false)
        var reader = FrameReader(maximumFrameLength: 40_001)
        for _ in Self.frames.dropLast() { _ = try reader.next(from: &source) }
        #expect(try reader.next(from: &source) == nil)
        #expect(reader.isInsideFrame)
    }

    @Test func theLimitCountsTypeAndPayload() throws {
        var source = Source([0, 0, 0, 4, 9, 1, 2, 3], step: 100, stutters: false)
        var reader = FrameReader(maximumFrameLength: 4)
        #expect(try reader.next(from: &source) == Frame(type: 9, payload: [1, 2, 3]))
        source = Source([0, 0, 0, 5, 9, 1, 2, 3, 4], step: 100, stutters: false)
        #expect(throws: LinkClosure.frameTooLong(announced: 5, limit: 4)) { try reader.next(from: &source) }
    }

    @Test func theLargestLengthThatCanBeWrittenIsRefusedBeforeAllocation() {
        var source = Source([255, 255, 255, 255, 0], step: 100, stutters: false)
        var reader = FrameReader(maximumFrameLength: 1 << 20)
        #expect(throws: LinkClosure.frameTooLong(announced: .max, limit: 1 << 20)) { try reader.next(from: &source) }
    }

    @Test func aFrameWithoutATypeIsRefused() {
        var source = Source([0, 0, 0, 0, 1], step: 100, stutters: false)
        var reader = FrameReader(maximumFrameLength: 10)
        #expect(throws: LinkClosure.emptyFrame) { try reader.next(from: &source) }
    }
}
