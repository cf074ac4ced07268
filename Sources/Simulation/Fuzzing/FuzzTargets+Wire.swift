internal import Encoding
internal import Federation
internal import SyncProtocol
internal import TransparencyLog
internal import Transport

/// What a peer sends: frames, messages, the opening of a session.
extension FuzzTarget {
    static let wireTargets: [FuzzTarget] =
        [frame] + FuzzMessages.names.map { message(type: $0.type, $0.name) } + [anyMessage, session]

    /// The reader of frames against a plain reading of the same bytes. The first byte says in which pieces they come and
    /// how long a frame may be.
    private static let frame = FuzzTarget(
        "frame", "frames of a link, in pieces of any size", maximumBytes: 1_024, tokens: [[0, 0, 0, 1], [0, 0x40, 0, 0]],
        seeds: {
            let frames = FuzzMessages.samples.prefix(6).flatMap { message in
                Frame.header(type: message.type, payloadLength: message.payloadByteCount) + message.payload.flatMap(\.self)
            }
            return [[0x83] + frames, [0x1f] + frames, [1, 0, 0x40, 0, 0], [1, 0, 0, 0, 1, 15, 0, 0, 0, 0]]
        },
        body: { input, trace throws(FuzzFailure) in
            guard let first = input.first else { return }
            let limit = first & 0x80 == 0 ? Limits.frameBytes : 256
            var source = PieceSource(bytes: input.dropFirst(), pieceBytes: 1 + Int(first & 0x1f))
            var reader = FrameReader(maximumFrameLength: limit)
            var read: [Frame] = []
            var closure: LinkClosure?
            do throws(LinkClosure) {
                while !source.bytes.isEmpty {
                    if let frame = try reader.next(from: &source) { read.append(frame) }
                }
                // A frame without a payload may be whole already.
                if let frame = try reader.next(from: &source) { read.append(frame) }
            } catch { closure = error }
            let (frames, expected, isInside) = plainFrames(input.dropFirst(), limit: limit)
            try trace.require(read == frames, "the frames are not those of the bytes")
            try trace.require(closure == expected, "it ended with \(String(describing: closure))")
            try trace.require(reader.completed == UInt64(frames.count), "it counted \(reader.completed) frames")
            try trace.require(closure != nil || reader.isInsideFrame == isInside, "it is inside a frame or not")
            trace.note(size: frames.count)
            trace.note(closure.map { if case .emptyFrame = $0 { 1 } else { 2 } } ?? 0)
        })

    private static func plainFrames(
        _ bytes: ArraySlice<UInt8>, limit: Int
    ) -> (frames: [Frame], closure: LinkClosure?, isInside: Bool) {
        var rest = bytes
        var frames: [Frame] = []
        while rest.count >= 5 {
            let length = rest.prefix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
            if length == 0 { return (frames, .emptyFrame, false) }
            if length > limit { return (frames, .frameTooLong(announced: length, limit: limit), false) }
            guard rest.count >= 4 + Int(length) else { break }
            let payload = rest.dropFirst(5).prefix(Int(length) - 1)
            frames.append(Frame(type: rest[rest.startIndex + 4], payload: Array(payload)))
            rest = rest.dropFirst(4 + Int(length))
        }
        return (frames, nil, !rest.isEmpty)
    }

    private static func message(type: UInt8, _ name: String) -> FuzzTarget {
        if type == 1 { return hello }
        let samples: @Sendable () -> [[UInt8]] = {
            FuzzMessages.samples.filter { $0.type == type }.map { $0.payload.flatMap(\.self) }
        }
        return .canonical(
            "message-\(name)", "the payload of a message of type \(type), \(name)", maximumBytes: 8_192,
            tokens: [FuzzMaterial.honest, FuzzMaterial.note, [0, 0, 0, 1], [255, 255]], isList: type == 3, seeds: samples,
            decode: { (payload) throws(DecodingFailure) in try Message(type: type, payload: payload) },
            encode: { $0.payload.flatMap(\.self) }, look: FuzzMessages.look)
    }

    /// Hello alone may be followed by what a later version says.
    private static let hello = FuzzTarget(
        "message-hello", "the payload of a message of type 1, hello", maximumBytes: 1_024,
        tokens: [FuzzMaterial.honest, [0, 1, 0, 1], [0, 1, 0, 2]],
        seeds: { FuzzMessages.samples.filter { $0.type == 1 }.map { $0.payload.flatMap(\.self) } },
        body: { input, trace throws(FuzzFailure) in
            let message: Message
            do throws(DecodingFailure) { message = try Message(type: 1, payload: input) } catch { return trace.note(error) }
            guard case .hello(let hello) = message else { throw FuzzFailure(description: "type 1 is not hello") }
            let known = message.payload.flatMap(\.self)
            try trace.require(input.starts(with: known), "hello does not encode to the front of what was read")
            try trace.require((try? Message(type: 1, payload: known)) == message, "hello decodes to another")
            try trace.require(hello.minimumVersion <= hello.maximumVersion, "the versions are none")
            trace.note(input.count == known.count ? 1 : 9)
            trace.note(size: hello.features.count)
        })

    /// The first byte is the type.
    private static let anyMessage = FuzzTarget(
        "message", "messages of any type, known or not", maximumBytes: 2_048, tokens: [FuzzMaterial.honest],
        seeds: { FuzzMessages.samples.map { [$0.type] + $0.payload.flatMap(\.self) } },
        body: { input, trace throws(FuzzFailure) in
            guard let type = input.first else { return }
            trace.note(Int(type))
            let payload = Array(input.dropFirst())
            let message: Message
            do throws(DecodingFailure) { message = try Message(type: type, payload: payload) } catch {
                return trace.note(error)
            }
            try trace.require(message.type == type, "a message of type \(type) has the type \(message.type)")
            let isKnown = (1...17).contains(type)
            try trace.require(isKnown == (message != .unknown(type: type)), "type \(type) is known or not")
            guard isKnown, type != 1 else { return }
            try trace.require(message.payload.flatMap(\.self) == payload, "it does not encode to the same bytes")
            try trace.require(message.payloadByteCount == payload.count, "its length is not that of its bytes")
        })

    /// A session hears messages in any order: each is a type, a length in two bytes and a payload.
    private static let session = FuzzTarget(
        "session", "the messages that open a session, in any order", maximumBytes: 4_096,
        tokens: [[15, 0, 0], [99, 0, 1, 1], [0, 1, 0, 1], [0, 2, 0, 9]],
        seeds: {
            let messages = FuzzMessages.samples.map { message in
                let payload = message.payload.flatMap(\.self)
                return [message.type, UInt8(payload.count >> 8 & 0xff), UInt8(payload.count & 0xff)] + payload
            }
            return [messages[0] + messages.suffix(3).flatMap(\.self), messages.prefix(3).flatMap(\.self)] + messages
        },
        body: { input, trace throws(FuzzFailure) in
            var reader = ByteReader(input)
            var machine = SessionStateMachine(own: FuzzMessages.hello(node: "north"), linkPeer: 1)
            while let type = try? reader.uint8(), let payload = try? reader.vector(0...0xffff) {
                guard let message = try? Message(type: type, payload: payload) else { break }
                let wasOpen = machine.isOpen
                let wasClosed = machine.isClosed
                switch machine.received(message, topology: FuzzMessages.topology) {
                case .open(let peer, let hello):
                    trace.note(1)
                    try trace.require(!wasOpen && !wasClosed && machine.isOpen, "a session opened twice")
                    try trace.require(peer == 1 && hello.minimumVersion <= 1, "it opened with a peer or version it must not")
                case .deliver:
                    trace.note(2)
                    try trace.require(wasOpen, "a message was delivered before hello")
                case .refuse(let refusal):
                    trace.note(3 + Int(refusal.code))
                    try trace.require(machine.isClosed && !refusal.message.isEmpty, "it refused and went on")
                case .refused: try trace.require(machine.isClosed, "it was refused and went on")
                case .ignore: try trace.require(wasClosed || wasOpen, "what came before hello was passed over")
                }
            }
        })
}

/// Bytes that come in pieces, with pauses.
private struct PieceSource: PlaintextSource {
    private(set) var bytes: ArraySlice<UInt8>
    let pieceBytes: Int
    private var calls = 0

    init(bytes: ArraySlice<UInt8>, pieceBytes: Int) {
        self.bytes = bytes
        self.pieceBytes = pieceBytes
    }

    mutating func read(into target: UnsafeMutableRawBufferPointer) throws(LinkClosure) -> Int {
        calls += 1
        if calls % 3 == 0 { return 0 }
        let piece = bytes.prefix(min(pieceBytes, target.count))
        target.copyBytes(from: piece)
        bytes = bytes.dropFirst(piece.count)
        return piece.count
    }
}
