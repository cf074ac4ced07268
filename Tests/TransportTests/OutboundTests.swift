import Testing

@testable import Transport

@Suite struct OutboundStreamTests {
    struct Sink: PlaintextSink {
        var writes: [[UInt8]] = []

        mutating func write(_ bytes: UnsafeRawBufferPointer) throws(LinkClosure) {
            writes.append(Array(bytes))
        }
    }

    static let sizes = [5, 0, 1, 16_383, 16_384, 16_385, 5, 100_000, 5, 5, 5, 300_000, 7]

    @Test(arguments: [16_384, 20_000, 32_768, 1 << 20])
    func everyByteLeavesOnceAndInOrder(limit: Int) throws {
        let pieces = Self.sizes.enumerated().map { pattern($1, seed: $0)[...] }.filter { !$0.isEmpty }
        var stream = OutboundStream()
        var sink = Sink()
        stream.append(pieces)
        while stream.pendingBytes > 0 {
            let before = sink.writes.reduce(0) { $0 + $1.count }
            let count = try stream.write(to: &sink, limit: limit)
            #expect(count > 0 && count <= limit)
            #expect(sink.writes.reduce(0) { $0 + $1.count } == before + count)
        }
        #expect(sink.writes.flatMap(\.self) == pieces.flatMap(\.self))
        #expect(sink.writes.allSatisfy { !$0.isEmpty })
    }

    @Test func onlyTheLastRecordOfAStreamIsShort() throws {
        var stream = OutboundStream()
        var sink = Sink()
        stream.append((0..<40).map { pattern(5_000, seed: $0)[...] })
        while stream.pendingBytes > 0 { _ = try stream.write(to: &sink, limit: 15 * OutboundStream.recordLength) }
        #expect(sink.writes.dropLast().allSatisfy { $0.count % OutboundStream.recordLength == 0 })
    }
}

@Suite struct OutboxTests {
    private func outbox() -> Outbox {
        var configuration = TwoNodes.configuration(TwoNodes.alice, allowing: TwoNodes.bob)
        configuration.lowWaterBytes = 10
        configuration.highWaterBytes = 100
        configuration.maximumQueuedBytes = 200
        return Outbox(configuration)
    }

    @Test func writabilityFallsAboveTheHighMarkAndRisesAtTheLowOne() {
        var outbox = outbox()
        _ = outbox.add(header: [1], parts: [], frameBytes: 100)
        #expect(outbox.isWritable)
        _ = outbox.add(header: [1], parts: [], frameBytes: 1)
        #expect(!outbox.isWritable)
        outbox.delivered(90)
        #expect(!outbox.isWritable)
        outbox.delivered(1)
        #expect(outbox.isWritable)
    }

    @Test func onlyTheFirstFrameOfATurnWakesTheLoop() {
        var outbox = outbox()
        #expect(outbox.add(header: [1], parts: [[2]], frameBytes: 2) == .queued(mustWake: true))
        #expect(outbox.add(header: [3], parts: [[], [4]], frameBytes: 2) == .queued(mustWake: false))
        #expect(outbox.takePieces() == [[1], [2], [3], [4]])
        #expect(outbox.add(header: [5], parts: [], frameBytes: 1) == .queued(mustWake: true))
    }

    @Test func anOverflowEndsTheQueueButOneFrameAlwaysFits() {
        var outbox = outbox()
        #expect(outbox.add(header: [1], parts: [], frameBytes: 500) == .queued(mustWake: true))
        #expect(outbox.add(header: [1], parts: [], frameBytes: 1) == .overflow)
        #expect(outbox.hasOverflowed)
        #expect(outbox.add(header: [1], parts: [], frameBytes: 1) == .closed)
    }
}

@Suite struct StallWatchTests {
    @Test func onlyPendingWorkWithoutProgressStalls() {
        var watch = StallWatch()
        func isStalled(_ progress: UInt64, _ isPending: Bool) -> Bool {
            watch.isStalled(progress: progress, isPending: isPending)
        }
        #expect((0..<20).allSatisfy { _ in !isStalled(0, false) })
        #expect((1..<20).allSatisfy { !isStalled(UInt64($0), true) })
        let calls = (0..<StallWatch.intervals + 1).map { _ in isStalled(19, true) }
        #expect(calls == [Bool](repeating: false, count: StallWatch.intervals) + [true])
    }
}
