import NIOCore

/// Keeps a listener alive and quiet while the system cannot give it connections (no file descriptors, no memory): the
/// connection stays in the kernel's queue, which would report it again at once, so accepting rests for a while.
final class AcceptErrorHandler: ChannelInboundHandler {
    typealias InboundIn = any Channel

    private static let restMilliseconds: Int64 = 100
    private let report: (any Error) -> Void
    private var isResting = false

    init(report: @escaping (any Error) -> Void) {
        self.report = report
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Other errors are those of a single connection that could not be set up.
        guard error is IOError, !isResting else { return }
        report(error)
        isResting = true
        context.channel.setOption(.autoRead, value: false).assumeIsolated().whenFailure { _ in }
        context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(Self.restMilliseconds)) { [weak self] in
            self?.isResting = false
            context.channel.setOption(.autoRead, value: true).assumeIsolated().whenFailure { _ in }
        }
    }
}
