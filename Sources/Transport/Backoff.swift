/// The delays between attempts: twice as long each time up to a maximum, with half of each left to chance, so that
/// nodes that lost the same peer at the same time do not all come back at the same time.
package struct Backoff: Equatable, Sendable {
    package var initialMilliseconds = 100
    package var maximumMilliseconds = 15_000
    /// A session that lived this long starts the delays over.
    package var resetAfterMilliseconds = 10_000
    private var ceilingMilliseconds: Int?

    package init(
        initialMilliseconds: Int = 100, maximumMilliseconds: Int = 15_000, resetAfterMilliseconds: Int = 10_000
    ) {
        precondition(
            initialMilliseconds > 0 && maximumMilliseconds >= initialMilliseconds, "delays must be able to grow")
        self.initialMilliseconds = initialMilliseconds
        self.maximumMilliseconds = maximumMilliseconds
        self.resetAfterMilliseconds = resetAfterMilliseconds
    }

    /// The delay before the next attempt, from half the current ceiling to the whole of it.
    ///
    /// - Parameter jitter: a number from 0 up to, but not including, its argument.
    package mutating func next(jitter: (Int) -> Int) -> Int {
        let ceiling = ceilingMilliseconds ?? initialMilliseconds
        ceilingMilliseconds = ceiling > maximumMilliseconds / 2 ? maximumMilliseconds : ceiling * 2
        return ceiling - jitter(ceiling / 2 + 1)
    }

    package mutating func reset() {
        ceilingMilliseconds = nil
    }
}
