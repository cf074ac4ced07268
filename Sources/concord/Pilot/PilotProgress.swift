internal import Foundation
internal import NodeRuntime
internal import Synchronization

/// Draws how far the pilot is, on a thread of its own: what the cities recorded, and what of it the aggregator holds and
/// answers with.
final class PilotProgress: Sendable {
    private let feed: Feed
    private let fleet: Fleet
    private let board: ProgressBoard
    private let aggregator: Int
    private let started = steadyMilliseconds()
    private let isStopped = Atomic(false)
    private let thread = DispatchGroup()

    init(_ pilot: Pilot) {
        feed = pilot.feed
        fleet = pilot.fleet
        board = pilot.board
        aggregator = pilot.cast.aggregator
    }

    var elapsedMilliseconds: UInt64 { steadyMilliseconds() - started }

    func start() {
        thread.enter()
        Thread.detachNewThread { [self] in
            // A board that cannot be drawn (the output is closed) must not end the run by itself.
            while !isStopped.load(ordering: .relaxed) {
                try? draw()
                usleepMilliseconds(100)
            }
            board.clear()
            thread.leave()
        }
    }

    /// Takes the bars away; more than once does no harm.
    func stop() {
        isStopped.store(true, ordering: .relaxed)
        thread.wait()
    }

    private func draw() throws {
        let progress = feed.progress
        let standing = try fleet.standing(aggregator)
        let done = progress.allRecorded
        // What the days so far brought, stretched over all of them, is the best guess at the end.
        let known = done + UInt64(progress.waiting.reduce(0, +))
        let lived = UInt64(max(1, min(progress.lived, progress.days)))
        let total = progress.lived >= progress.days ? known : max(known, known * UInt64(progress.days) / lived)
        try board.update([
            .init(label: "events recorded", done: done, total: total),
            .init(label: "integrated at the aggregator", done: standing.recorded, total: total),
            .init(label: "folded there", done: standing.folded, total: total),
        ])
    }
}
