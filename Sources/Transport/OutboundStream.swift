import NIOCore

/// Where frames' bytes go to: a TLS session, or a test.
protocol PlaintextSink: ~Copyable {
    /// Takes all of `bytes`, which is not empty. Every 16 KB and the rest become a record.
    mutating func write(_ bytes: UnsafeRawBufferPointer) throws(LinkClosure)
}

/// Turns the pieces of frames into full TLS records.
///
/// Whole records are written straight out of the piece they lie in; only what is left of a piece is gathered with what
/// follows it, so that small frames share records and large ones are not copied.
struct OutboundStream {
    static let recordLength = 16_384
    /// What a record may add to its content: header, content type, tag.
    private static let recordOverhead = 32

    private var pieces = CircularBuffer<ArraySlice<UInt8>>()
    private var gathered: [UInt8] = []
    /// Bytes that were appended and not yet written.
    private(set) var pendingBytes = 0

    mutating func append(_ added: [ArraySlice<UInt8>]) {
        for piece in added {
            pendingBytes += piece.count
            pieces.append(piece)
        }
    }

    /// Ciphertext that writing this many bytes gives at most.
    static func ciphertextCapacity(_ count: Int) -> Int {
        count + (count / recordLength + 2) * recordOverhead
    }

    /// Writes at least one byte and not more than `limit`, if there are any, and returns how many. `limit` is at least
    /// one record. Nothing stays behind when the pieces end: the last record is short.
    mutating func write(to sink: inout some PlaintextSink & ~Copyable, limit: Int) throws(LinkClosure) -> Int {
        var written = 0
        while written < limit, let piece = pieces.first {
            let room = limit - written - gathered.count
            guard room > 0 else { break }
            let taken = try write(piece, room: room, to: &sink, written: &written)
            if taken == piece.count {
                pieces.removeFirst()
            } else {
                pieces[pieces.startIndex] = piece.dropFirst(taken)
            }
        }
        if pieces.isEmpty || written == 0 { try flush(to: &sink, written: &written) }
        pendingBytes -= written
        return written
    }

    /// Writes or gathers a prefix of one piece and returns its length.
    private mutating func write(
        _ piece: ArraySlice<UInt8>, room: Int, to sink: inout some PlaintextSink & ~Copyable, written: inout Int
    ) throws(LinkClosure) -> Int {
        let wholeRecords = min(piece.count, room) / Self.recordLength * Self.recordLength
        if gathered.isEmpty, wholeRecords > 0 {
            try piece.span.bytes.withUnsafeBytes { bytes throws(LinkClosure) in
                try sink.write(UnsafeRawBufferPointer(rebasing: bytes[..<wholeRecords]))
            }
            written += wholeRecords
            return wholeRecords
        }
        let count = min(piece.count, room, Self.recordLength - gathered.count)
        gathered.append(contentsOf: piece.prefix(count))
        if gathered.count == Self.recordLength { try flush(to: &sink, written: &written) }
        return count
    }

    private mutating func flush(
        to sink: inout some PlaintextSink & ~Copyable, written: inout Int
    ) throws(LinkClosure) {
        guard !gathered.isEmpty else { return }
        try gathered.span.bytes.withUnsafeBytes { bytes throws(LinkClosure) in try sink.write(bytes) }
        written += gathered.count
        gathered.removeAll(keepingCapacity: true)
    }
}
