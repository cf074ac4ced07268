import Foundation
import Testing

@testable import NodeRuntime

/// Answers may go before everything else on the machine, but only a little, and only where the system lets them.
struct PromptAnswersTests {
    /// Runs on a thread of its own, whose place among others ends with it.
    private func onThread(_ body: @escaping @Sendable () -> Void) async {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                body()
                continuation.resume()
            }
        }
    }

    /// Whether the calling thread goes before others; threads that it starts do not.
    private static var isFirst: Bool { sched_getscheduler(0) & 0xFFFF == SCHED_RR }

    private static func use(processorNanoseconds: UInt64) {
        let end = threadNanoseconds() + processorNanoseconds
        while threadNanoseconds() < end {}
    }

    @Test func aThreadWaitsBeforeOthersWhereTheSystemLetsItAndDoesLongWorkAmongThem() async {
        await onThread {
            let mayBeFirst = PromptThread.beginFirst()
            PromptThread.begin()
            #expect(!Self.isFirst)
            var turn = PromptAnswers().turn()
            #expect(!Self.isFirst)
            turn.wait()
            #expect(Self.isFirst == mayBeFirst)
            turn.stepBack()
            #expect(!Self.isFirst)
            turn.wait()
            #expect(Self.isFirst == mayBeFirst)
        }
    }

    @Test func whoeverUsesMoreThanItsPartGoesWithTheOthers() async {
        let answers = PromptAnswers()
        await onThread {
            var turn = answers.turn()
            turn.wait()
            // Longer than can be saved up, and less of it comes back meanwhile than is used.
            Self.use(processorNanoseconds: 600_000_000)
            turn.wait()
            #expect(!Self.isFirst)
        }
        // It is one part for all threads together.
        await onThread {
            let mayBeFirst = PromptThread.beginFirst()
            PromptThread.begin()
            var turn = answers.turn()
            turn.wait()
            #expect(!Self.isFirst || !mayBeFirst)
            var other = PromptAnswers().turn()
            other.wait()
            #expect(Self.isFirst == mayBeFirst)
        }
    }

    @Test func threadsStartedByOneThatGoesFirstDoNot() async {
        await onThread {
            _ = PromptThread.beginFirst()
            let isDone = DispatchSemaphore(value: 0)
            Thread.detachNewThread {
                #expect(!Self.isFirst)
                isDone.signal()
            }
            isDone.wait()
        }
    }
}
