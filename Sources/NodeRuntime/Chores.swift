package import Logging
internal import Synchronization

/// What a running node has to do now and then: erase what withdrawals ask for and was not erased at once,
/// drop erased bodies that are old enough, sync the small file, take down the readings that the disk did not take before.
package final class Chores: Sendable {
    private static let delayMilliseconds: UInt64 = 5_000
    private static let periodMilliseconds: UInt64 = 60_000

    private let node: Node
    private let logger: Logger
    private let lane: any Lane
    private let timer = Mutex<(any LaneTimer)?>(nil)

    package init(node: Node, logger: Logger) {
        self.node = node
        self.logger = logger
        lane = node.environment.makeLane(.chores)
    }

    package func start() {
        let timer = lane.every(Self.periodMilliseconds, delay: Self.delayMilliseconds) { [unowned self] in work() }
        self.timer.withLock { $0 = timer }
    }

    /// Waits for what is being done.
    package func stop() {
        timer.withLock { timer in
            timer?.cancel()
            timer = nil
        }
        lane.sync {}
        node.readLog.settle(atMilliseconds: node.wallMilliseconds)
    }

    private func work() {
        node.published.sync()
        node.readLog.settle(atMilliseconds: node.wallMilliseconds)
        do { try node.settleWithdrawals() } catch { logger.error("withdrawals cannot be looked through: \(error)") }
        do {
            let dropped = try node.writer.exclusively { [node] in try node.dropErasedBodies(attested: nil) }
            if dropped > 0 { logger.info("\(dropped) erased bodies are gone from the files") }
        } catch { logger.error("erased bodies cannot be dropped: \(error)") }
    }
}
