import Testing

@testable import Transport

@Suite struct LinkTests {
    @Test(arguments: [0, 1, 16_378, 16_379, 16_380, 100_000, 1 << 20, 4 << 20])
    func aFrameOfAnySizeGoesBothWays(size: Int) async throws {
        let server = Recorder { event in
            if case .received(let link, let frame) = event { link.send(type: frame.type &+ 1, payload: frame.payload) }
        }
        let nodes = try await TwoNodes.listening(server: server)
        await nodes.dialing {
            let link = await nodes.client.link()
            let payload = pattern(size)
            #expect(link.send(type: 7, payload: payload))
            #expect(await nodes.server.frames(1) == [Frame(type: 7, payload: payload)])
            #expect(await nodes.client.frames(1) == [Frame(type: 8, payload: payload)])
            #expect(link.bytesSent > UInt64(size) && link.bytesReceived > UInt64(size))
        }
        await nodes.close()
    }

    @Test func bothSidesKnowEachOther() async throws {
        let nodes = try await TwoNodes.listening()
        await nodes.dialing {
            let (out, back) = (await nodes.client.link(), await nodes.server.link())
            #expect(out.peerKey == TwoNodes.alice.publicKey && back.peerKey == TwoNodes.bob.publicKey)
            #expect(out.isInitiator && !back.isInitiator)
            #expect(out.identifier != back.identifier)
            #expect(out.remoteAddress == "127.0.0.1:\(nodes.listener.port)")
            #expect(back.remoteAddress.hasPrefix("127.0.0.1:"))
        }
        await nodes.close()
    }

    @Test func framesOfMixedSizesKeepTheirOrder() async throws {
        let nodes = try await TwoNodes.listening()
        let sent = (0..<2_000).map { index in
            Frame(type: UInt8(index % 256), payload: pattern(index % 97 == 0 ? 50_000 : index % 300, seed: index))
        }
        await nodes.dialing {
            let link = await nodes.client.link()
            for frame in sent { link.send(type: frame.type, payload: frame.payload) }
            #expect(await nodes.server.frames(sent.count) == sent)
        }
        await nodes.close()
    }

    @Test func partsArriveAsOnePayload() async throws {
        let nodes = try await TwoNodes.listening()
        let whole = pattern(70_000)
        await nodes.dialing {
            await nodes.client.link().send(
                type: 1, parts: [whole[..<3], [], whole[3..<20_000], whole[20_000..<20_001], whole[20_001...]])
            #expect(await nodes.server.frames(1) == [Frame(type: 1, payload: whole)])
        }
        await nodes.close()
    }

    @Test func closingDeliversWhatWasSentBefore() async throws {
        let nodes = try await TwoNodes.listening()
        let payload = pattern(3 << 20)
        await nodes.dialing {
            let link = await nodes.client.link()
            link.send(type: 1, payload: payload)
            link.close()
            #expect(!link.send(type: 2, payload: []))
            #expect(await nodes.client.closure() == .closedHere)
            #expect(await nodes.server.closure() == .closedByPeer)
            #expect(await nodes.server.frames(1) == [Frame(type: 1, payload: payload)])
        }
        await nodes.close()
    }

    @Test func noFrameComesAfterClose() async throws {
        let server = Recorder { event in
            if case .received(let link, _) = event { link.close() }
        }
        let nodes = try await TwoNodes.listening(server: server)
        await nodes.dialing {
            let link = await nodes.client.link()
            for _ in 0..<100 { link.send(type: 1, payload: [1]) }
            #expect(await nodes.server.closure() == .closedHere)
            #expect(await nodes.server.frames(1).count == 1)
        }
        await nodes.close()
    }

    @Test func pausedReadingHoldsTheSenderBackWithBoundedMemory() async throws {
        let server = Recorder { event in
            if case .opened(let link) = event { link.pauseReading() }
        }
        let nodes = try await TwoNodes.listening(server: server)
        let payload = pattern(256 << 10)
        let limits = { (configuration: inout LinkConfiguration) in
            configuration.highWaterBytes = 1 << 20
            configuration.lowWaterBytes = 256 << 10
        }
        try await nodes.dialing(limits) {
            let link = await nodes.client.link()
            let receiver = await nodes.server.link()
            var sent = 0
            // The kernel's buffers take some; after that the link must say stop, and keep saying it.
            while link.isWritable || sent == 0 {
                link.send(type: 1, payload: payload)
                sent += 1
                for _ in 0..<50 where !link.isWritable { try await Task.sleep(for: .milliseconds(10)) }
                try #require(sent < 4_096, "a gigabyte went into a link whose peer does not read")
            }
            #expect(link.queuedBytes <= (1 << 20) + payload.count + Frame.headerLength)
            #expect(!nodes.server.events.contains { if case .received = $0 { true } else { false } })
            receiver.resumeReading()
            let frames = await nodes.server.frames(sent)
            #expect(frames.allSatisfy { $0.payload == payload })
            _ = await nodes.client.wait { if case .writability(true) = $0 { true } else { nil } }
        }
        await nodes.close()
    }

    @Test func pausingInTheMiddleStopsAtTheNextFrame() async throws {
        let server = Recorder { event in
            if case .received(let link, let frame) = event, frame.type == 3 { link.pauseReading() }
        }
        let nodes = try await TwoNodes.listening(server: server)
        try await nodes.dialing {
            let link = await nodes.client.link()
            for type in UInt8(1)...9 { link.send(type: type, payload: [type]) }
            _ = await nodes.server.frames(3)
            try await Task.sleep(for: .milliseconds(100))
            #expect(await nodes.server.frames(3).map(\.type) == [1, 2, 3])
            await nodes.server.link().resumeReading()
            #expect(await nodes.server.frames(9).map(\.type) == Array(1...9))
        }
        await nodes.close()
    }

    @Test func whoIgnoresWritabilityLosesTheLink() async throws {
        let server = Recorder { event in
            if case .opened(let link) = event { link.pauseReading() }
        }
        let nodes = try await TwoNodes.listening(server: server)
        let limits = { (configuration: inout LinkConfiguration) in
            configuration.highWaterBytes = 1 << 20
            configuration.maximumQueuedBytes = 4 << 20
        }
        await nodes.dialing(limits) {
            let link = await nodes.client.link()
            let payload = pattern(1 << 20)
            while link.send(type: 1, payload: payload) {}
            #expect(await nodes.client.closure() == .sendQueueOverflow(limit: 4 << 20))
            #expect(link.queuedBytes <= 4 << 20)
        }
        await nodes.close()
    }
}
