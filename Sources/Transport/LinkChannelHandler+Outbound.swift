import NIOCore
import Synchronization

extension LinkChannelHandler {
    /// Plaintext of one write to the channel. The ciphertext of fifteen records fits a buffer of 256 KB, which is how
    /// NIO rounds.
    private static var chunkBytes: Int { 15 * OutboundStream.recordLength }
    /// No more than this is encrypted ahead of the socket; the rest waits as the caller's own arrays.
    private static var windowBytes: Int { 1 << 20 }

    /// Encrypts and writes what is queued, as far as the window allows.
    func drain(_ context: ChannelHandlerContext) {
        let link: Link
        switch phase {
        case .open(let open): link = open
        case .flushing(let closing): link = closing
        case .handshaking, .lingering, .ended: return
        }
        let (added, hasOverflowed) = link.withOutbox { ($0.takePieces(), $0.hasOverflowed) }
        if hasOverflowed {
            end(.sendQueueOverflow(limit: configuration.maximumQueuedBytes), in: context)
            return
        }
        stream.append(added)
        do throws(LinkClosure) {
            try fillWindow(link, context)
        } catch {
            end(error, in: context)
            return
        }
        announceWritability(link)
        if case .flushing = phase, stream.pendingBytes == 0 { closeOutput(context) }
    }

    private func fillWindow(_ link: Link, _ context: ChannelHandlerContext) throws(LinkClosure) {
        var handedOver = 0
        while stream.pendingBytes > 0, bytesInFlight < Self.windowBytes {
            guard handedOver < Self.windowBytes else {
                drainLater(context)
                return
            }
            let plaintextBytes = min(stream.pendingBytes, Self.chunkBytes)
            session.reserveOutbound(OutboundStream.ciphertextCapacity(plaintextBytes))
            let count = try stream.write(to: &session, limit: Self.chunkBytes)
            guard let ciphertext = session.takeOutbound() else { break }
            write(ciphertext, carrying: count, of: link, context)
            handedOver += count
            // One by one: the system copies what it is given at once without letting another thread have the core.
            context.flush()
            // What was heard of it may have ended the link.
            switch phase {
            case .open, .flushing: continue
            case .handshaking, .lingering, .ended: return
            }
        }
    }

    private func write(_ ciphertext: ByteBuffer, carrying count: Int, of link: Link, _ context: ChannelHandlerContext) {
        let bytes = ciphertext.readableBytes
        counters.sent.wrappingAdd(UInt64(bytes), ordering: .relaxed)
        bytesInFlight += bytes
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenSuccess { [weak self] in
            self?.didWrite(bytes, carrying: count, of: link, context)
        }
        context.write(wrapOutboundOut(ciphertext), promise: promise)
    }

    /// The socket has taken one write. A write that fails needs no answer: the channel closes, and says so.
    private func didWrite(_ bytes: Int, carrying count: Int, of link: Link, _ context: ChannelHandlerContext) {
        let wasFull = bytesInFlight >= Self.windowBytes
        bytesInFlight -= bytes
        deliveredBytes &+= UInt64(count)
        link.withOutbox { $0.delivered(count) }
        // In a later turn, because this may be a call from inside `flush`; once for each time the window was full.
        if wasFull, bytesInFlight < Self.windowBytes, stream.pendingBytes > 0 {
            drainLater(context)
        } else {
            announceWritability(link)
        }
    }

    /// After what else the event loop has to do.
    private func drainLater(_ context: ChannelHandlerContext) {
        context.eventLoop.assumeIsolated().execute { [weak self] in self?.drain(context) }
    }

    private func announceWritability(_ link: Link) {
        guard case .open = phase else { return }
        let isWritable = link.isWritable
        guard isWritable != announcedWritable else { return }
        announcedWritable = isWritable
        user.linkWritabilityChanged(link, isWritable: isWritable)
    }

    /// Writes what TLS itself has to say: handshake, alerts, `close_notify`.
    func writeSessionOutput(_ context: ChannelHandlerContext) {
        guard let ciphertext = session.takeOutbound() else { return }
        counters.sent.wrappingAdd(UInt64(ciphertext.readableBytes), ordering: .relaxed)
        context.writeAndFlush(wrapOutboundOut(ciphertext), promise: nil)
    }
}
