internal import Synchronization

/// Has the threads that answer at the control socket run before everything else where the system allows it, so that a brief answer
/// takes its own time also while a catch-up uses every core; and sees to it that they take no more of the machine than a part
/// of one core that way. What is long, and what goes beyond that part, runs as everything else does.
final class PromptAnswers: Sendable {
    /// Part of a core that may be used before others, and how much of it may be saved up.
    private static let share = 0.25
    private static let mostNanoseconds: Double = 100_000_000

    private struct Allowance {
        var nanoseconds = PromptAnswers.mostNanoseconds
        var at = steadyNanoseconds()

        /// Takes what was used; whether anything is left.
        mutating func take(_ used: UInt64) -> Bool {
            let now = steadyNanoseconds()
            let grown = nanoseconds + Double(now - min(now, at)) * PromptAnswers.share
            nanoseconds = min(PromptAnswers.mostNanoseconds, grown) - Double(used)
            at = now
            return nanoseconds > 0
        }
    }

    private let allowance = Mutex(Allowance())

    /// What one thread needs to keep of it.
    struct Turn: ~Copyable {
        fileprivate let answers: PromptAnswers
        fileprivate var isAllowed = true
        fileprivate var isFirst = false
        fileprivate var usedBefore = threadNanoseconds()

        /// To be called by the thread itself, before it waits for the next request.
        mutating func wait() {
            let used = threadNanoseconds()
            let isLeft = answers.allowance.withLock { [isFirst, usedBefore] in $0.take(isFirst ? used - usedBefore : 0) }
            usedBefore = used
            if isLeft { stepForward() } else { stepBack() }
        }

        /// To be called where the request that has come takes longer.
        mutating func stepBack() {
            if isFirst { PromptThread.begin() }
            isFirst = false
        }

        private mutating func stepForward() {
            guard isAllowed, !isFirst else { return }
            isFirst = PromptThread.beginFirst()
            // Asking again would not help: a process has the limit that it was started with.
            isAllowed = isFirst
        }
    }

    func turn() -> Turn {
        PromptThread.begin()
        return Turn(answers: self)
    }
}
