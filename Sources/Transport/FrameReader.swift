/// Where a frame reader gets its bytes from: a TLS session, or a test.
package protocol PlaintextSource: ~Copyable {
    /// Writes at most `target.count` bytes and returns how many, 0 when there are none for now.
    mutating func read(into target: UnsafeMutableRawBufferPointer) throws(LinkClosure) -> Int
}

/// Cuts a stream of plaintext into frames.
///
/// The payload is read straight into the array that is handed out: one copy between the record and the frame, no
/// zeroing, one allocation, made only after the announced length has been checked.
package struct FrameReader {
    private let maximumFrameLength: Int
    private var header: UInt64 = 0
    private var headerCount = 0
    private var type: UInt8 = 0
    private var payload: [UInt8] = []
    /// Bytes of the payload that have not arrived.
    private var missing = 0
    /// Frames handed out so far.
    package private(set) var completed: UInt64 = 0

    package init(maximumFrameLength: Int) {
        self.maximumFrameLength = maximumFrameLength
    }

    /// Part of a frame has arrived and the rest has not.
    package var isInsideFrame: Bool { headerCount > 0 }

    /// The next whole frame, or nil when the source has no more bytes for now.
    package mutating func next(from source: inout some PlaintextSource & ~Copyable) throws(LinkClosure) -> Frame? {
        if headerCount < Frame.headerLength {
            guard try readHeader(from: &source) else { return nil }
            try beginPayload()
        }
        while missing > 0 {
            let count = try readPayload(from: &source)
            if count == 0 { return nil }
            missing -= count
        }
        let frame = Frame(type: type, payload: payload)
        payload = []
        header = 0
        headerCount = 0
        completed &+= 1
        return frame
    }

    private mutating func readHeader(from source: inout some PlaintextSource & ~Copyable) throws(LinkClosure) -> Bool {
        while headerCount < Frame.headerLength {
            var chunk: UInt64 = 0
            let count = try withUnsafeMutableBytes(of: &chunk) { bytes throws(LinkClosure) in
                try source.read(
                    into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<(Frame.headerLength - headerCount)]))
            }
            if count == 0 { return false }
            // Big-endian, the newest byte lowest.
            header = header << UInt64(8 * count) | UInt64(bigEndian: chunk) >> UInt64(64 - 8 * count)
            headerCount += count
        }
        return true
    }

    private mutating func beginPayload() throws(LinkClosure) {
        let length = UInt32(truncatingIfNeeded: header >> 8)
        guard length > 0 else { throw .emptyFrame }
        guard length <= maximumFrameLength else {
            throw .frameTooLong(announced: length, limit: maximumFrameLength)
        }
        type = UInt8(truncatingIfNeeded: header)
        missing = Int(length) - 1
        payload = []
        payload.reserveCapacity(missing)
    }

    private mutating func readPayload(from source: inout some PlaintextSource & ~Copyable) throws(LinkClosure) -> Int {
        var count = 0
        try payload.append(addingCapacity: missing) { output throws(LinkClosure) in
            try output.withUnsafeMutableBufferPointer { buffer, initialized throws(LinkClosure) in
                let rest = UnsafeMutableBufferPointer(rebasing: buffer[initialized...])
                count = try source.read(into: UnsafeMutableRawBufferPointer(rest))
                initialized += count
            }
        }
        return count
    }
}
