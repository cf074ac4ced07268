import NIOCore
import Synchronization

extension LinkChannelHandler {
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let ciphertext = unwrapInboundIn(data)
        counters.received.wrappingAdd(UInt64(ciphertext.readableBytes), ordering: .relaxed)
        switch phase {
        case .handshaking:
            session.receive(ciphertext)
            continueHandshake(context)
        case .open(let link):
            session.receive(ciphertext)
            deliverFrames(link, context)
        case .flushing, .lingering, .ended:
            break
        }
    }

    func continueHandshake(_ context: ChannelHandlerContext) {
        do throws(LinkClosure) {
            let peerKey = try session.handshake()
            writeSessionOutput(context)
            guard let peerKey else { return }
            open(peerKey: peerKey, in: context)
        } catch {
            end(error, in: context)
        }
        // The peer's first frames may have come along with the end of its handshake.
        if case .open(let link) = phase { deliverFrames(link, context) }
    }

    /// Hands out the frames that have arrived, until the user pauses or ends the link.
    func deliverFrames(_ link: Link, _ context: ChannelHandlerContext) {
        do throws(LinkClosure) {
            while !link.isPaused, !link.hasEnded, let frame = try reader.next(from: &session) {
                user.linkReceived(link, frame)
            }
        } catch {
            end(error, in: context)
            return
        }
        // TLS may have had something to say while reading: the answer to a key update.
        writeSessionOutput(context)
    }

    /// Pausing stops the socket, so that the peer's TCP window closes; what has arrived waits in the session.
    func applyReading(_ context: ChannelHandlerContext) {
        guard case .open(let link) = phase else { return }
        let isPaused = link.isPaused
        context.channel.setOption(.autoRead, value: !isPaused).assumeIsolated().whenFailure { _ in }
        if !isPaused { deliverFrames(link, context) }
    }
}
