/// What a link's users have sent and the network has not taken: the meeting point of senders on any thread and the
/// link's event loop. Counts bytes of frames, headers included.
struct Outbox {
    enum Admission: Equatable {
        /// Queued. `mustWake`: the event loop does not know yet that there is something to do.
        case queued(mustWake: Bool)
        /// The link is closed, or closing: nothing was queued.
        case closed
        /// Nothing was queued, and the link has to be closed.
        case overflow
    }

    private let lowWaterBytes: Int
    private let highWaterBytes: Int
    private let maximumBytes: Int
    private var pieces: [ArraySlice<UInt8>] = []
    private var isWoken = false
    private var isClosed = false
    /// Queued here, on its way through TLS, or waiting for the socket.
    private(set) var queuedBytes = 0
    /// Falls when the high-water mark is passed, rises when the low-water mark is reached.
    private(set) var isWritable = true
    private(set) var hasOverflowed = false

    init(_ configuration: LinkConfiguration) {
        lowWaterBytes = configuration.lowWaterBytes
        highWaterBytes = configuration.highWaterBytes
        maximumBytes = configuration.maximumQueuedBytes
    }

    /// Queues one frame: its header and its parts, of which nothing is copied. One frame always fits an empty queue.
    mutating func add(header: [UInt8], parts: [ArraySlice<UInt8>], frameBytes: Int) -> Admission {
        guard !isClosed else { return .closed }
        guard queuedBytes == 0 || queuedBytes + frameBytes <= maximumBytes else {
            isClosed = true
            hasOverflowed = true
            return .overflow
        }
        pieces.append(header[...])
        for part in parts where !part.isEmpty { pieces.append(part) }
        queuedBytes += frameBytes
        if queuedBytes > highWaterBytes { isWritable = false }
        let mustWake = !isWoken
        isWoken = true
        return .queued(mustWake: mustWake)
    }

    /// Everything that was queued since the last call.
    mutating func takePieces() -> [ArraySlice<UInt8>] {
        isWoken = false
        let taken = pieces
        pieces = []
        return taken
    }

    /// The socket has taken this many bytes.
    mutating func delivered(_ count: Int) {
        queuedBytes -= count
        if queuedBytes <= lowWaterBytes { isWritable = true }
    }

    /// Takes no more frames. What is queued stays.
    mutating func close() {
        isClosed = true
    }
}
