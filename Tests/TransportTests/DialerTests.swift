import NIOCore
import Synchronization
import Testing

@testable import Transport

@Suite struct DialerTests {
    @Test func theLinkComesBackAfterTheListenerRestarts() async throws {
        let first = try await TwoNodes.listening()
        try await first.dialing {
            _ = await first.client.link()
            await first.close()
            _ = await first.client.closure()
            // It tries in vain for a while, and says so.
            _ = await first.client.failure()
            let second = try await TwoNodes.listening(port: first.listener.port)
            let link = await first.client.links(2)[1]
            link.send(type: 5, payload: [1, 2, 3])
            #expect(await second.server.frames(1) == [Frame(type: 5, payload: [1, 2, 3])])
            await second.close()
        }
    }

    @Test func cancellingEndsTheLinkAndTheDialer() async throws {
        let nodes = try await TwoNodes.listening()
        await nodes.dialing { _ = await nodes.client.link() }
        #expect(await nodes.client.closure() == .closedHere)
        #expect(await nodes.server.closure() == .closedByPeer)
        await nodes.close()
    }

    @Test func anAddressWhereNobodyListensIsReported() async throws {
        let nodes = try await TwoNodes.listening()
        await nodes.close()
        await nodes.dialing {
            let reason = await nodes.client.failure()
            #expect({ if case .connectFailed = reason { true } else { false } }())
        }
    }
}

@Suite struct BackoffTests {
    @Test func delaysDoubleUpToTheMaximum() {
        var backoff = Backoff(initialMilliseconds: 100, maximumMilliseconds: 15_000)
        let delays = (0..<10).map { _ in backoff.next { _ in 0 } }
        #expect(delays == [100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 15_000, 15_000])
        backoff.reset()
        #expect(backoff.next { _ in 0 } == 100)
    }

    @Test func jitterTakesAwayAtMostHalf() {
        var backoff = Backoff(initialMilliseconds: 100, maximumMilliseconds: 400)
        #expect((0..<4).map { _ in backoff.next { $0 - 1 } } == [50, 100, 200, 200])
    }

    @Test func theLargestMaximumDoesNotOverflow() {
        var backoff = Backoff(initialMilliseconds: 1, maximumMilliseconds: .max)
        for _ in 0..<100 { _ = backoff.next { _ in 0 } }
        #expect(backoff.next { _ in 0 } == .max)
    }
}
