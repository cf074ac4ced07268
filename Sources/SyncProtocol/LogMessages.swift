package import Cryptography
internal import Encoding
package import Federation
internal import TransparencyLog

/// What the sender holds of one log: a checkpoint that it covers wholly, and up to where no body is missing that no
/// erasure excuses.
package struct Announcement: Equatable, Sendable {
    package var note: [UInt8]
    package var complete: UInt64

    package init(note: [UInt8], complete: UInt64) {
        self.note = note
        self.complete = complete
    }
}

extension Announcement {
    func encode(to writer: inout ByteWriter) {
        writer.vector(note, maximum: SignedCheckpoint.maximumBytes)
        writer.uint64(complete)
    }

    init(decoding reader: inout ByteReader) throws(DecodingFailure) {
        note = try reader.vector(1...SignedCheckpoint.maximumBytes)
        complete = try reader.uint64()
    }
}

/// Asks for the entries `first..<end` of a log, proven under the checkpoint of `target` entries that the other side has
/// announced. The answer may stop earlier.
package struct Pull: Equatable, Sendable {
    package var request: UInt32
    package var origin: [UInt8]
    package var first: UInt64
    package var end: UInt64
    package var target: UInt64

    package init(request: UInt32, origin: [UInt8], first: UInt64, end: UInt64, target: UInt64) {
        self.request = request
        self.origin = origin
        self.first = first
        self.end = end
        self.target = target
    }
}

extension Pull {
    func encode(to writer: inout ByteWriter) {
        writer.uint32(request)
        writer.vector(origin, maximum: OriginName.maximumBytes)
        writer.uint64(first)
        writer.uint64(end)
        writer.uint64(target)
    }

    init(decoding reader: inout ByteReader) throws(DecodingFailure) {
        request = try reader.uint32()
        origin = try reader.text(1...OriginName.maximumBytes)
        first = try reader.uint64()
        end = try reader.uint64()
        target = try reader.uint64()
        guard first < end, end <= target else { throw .value(Int64(clamping: end)) }
    }
}

/// Consecutive entries of a log. The answer to a pull, or, with request 0, pushed as soon as they were durable.
package struct RangeMessage: Equatable, Sendable {
    package var request: UInt32
    package var origin: [UInt8]
    package var first: UInt64
    /// Split where bundles end.
    package var pieces: [PackedEntries]
    /// Checkpoint that proves them; its size is at least that of the last entry and one.
    package var note: [UInt8]
    /// Consistency proof from the tree that ends with these entries to the checkpoint's.
    package var proof: [Digest]

    package init(
        request: UInt32, origin: [UInt8], first: UInt64, pieces: [PackedEntries], note: [UInt8], proof: [Digest]
    ) {
        self.request = request
        self.origin = origin
        self.first = first
        self.pieces = pieces
        self.note = note
        self.proof = proof
    }

    package var count: UInt64 { pieces.reduce(0) { $0 + UInt64($1.count) } }
    package var end: UInt64 { first + count }
    package var byteCount: Int { pieces.reduce(0) { $0 + $1.bytes.count } }
    package static let maximumProof = 128
}

extension RangeMessage {
    /// Everything before the entries; they follow as vectors with uint32 lengths, so that large ones need not be copied.
    func encodeHead(to writer: inout ByteWriter) {
        writer.uint32(request)
        writer.vector(origin, maximum: OriginName.maximumBytes)
        writer.uint64(first)
        writer.vector(note, maximum: SignedCheckpoint.maximumBytes)
        writer.digests(proof, maximum: Self.maximumProof)
        writer.uint16(UInt16(pieces.count))
    }

    init(decoding reader: inout ByteReader) throws(DecodingFailure) {
        request = try reader.uint32()
        origin = try reader.text(1...OriginName.maximumBytes)
        first = try reader.uint64()
        note = try reader.vector(1...SignedCheckpoint.maximumBytes)
        proof = try reader.digests(maximum: Self.maximumProof)
        let count = Int(try reader.uint16())
        pieces = []
        var position = first
        for _ in 0..<count {
            let length = Int(try reader.uint32())
            guard length <= Limits.packedBundleBytes else { throw .vectorLength(length) }
            let piece = try PackedEntries(checking: reader.fixed(length))
            // A piece lies within one bundle, so that stored bundles can be taken over as they are.
            guard piece.count > 0, position < 1 << 62,
                position % Tiling.width + UInt64(piece.count) <= Tiling.width
            else { throw .value(Int64(clamping: position)) }
            position += UInt64(piece.count)
            pieces.append(piece)
        }
    }
}

/// Asks for single entries of a log, to mend damage or to fill in bodies.
package struct EntryPull: Equatable, Sendable {
    package var request: UInt32
    package var origin: [UInt8]
    package var indices: [UInt64]

    package init(request: UInt32, origin: [UInt8], indices: [UInt64]) {
        self.request = request
        self.origin = origin
        self.indices = indices
    }
}

extension EntryPull {
    func encode(to writer: inout ByteWriter) {
        writer.uint32(request)
        writer.vector(origin, maximum: OriginName.maximumBytes)
        writer.uint16(UInt16(indices.count))
        for index in indices { writer.uint64(index) }
    }

    init(decoding reader: inout ByteReader) throws(DecodingFailure) {
        request = try reader.uint32()
        origin = try reader.text(1...OriginName.maximumBytes)
        let count = Int(try reader.uint16())
        guard count <= Limits.entriesPerPull else { throw .vectorLength(count) }
        indices = []
        for _ in 0..<count { indices.append(try reader.uint64()) }
    }
}

/// Single entries, in the order asked for; those that the sender cannot give are left out.
package struct EntriesMessage: Equatable, Sendable {
    package struct Item: Equatable, Sendable {
        package var index: UInt64
        package var entry: [UInt8]
        /// Empty where there is none.
        package var body: [UInt8]

        package init(index: UInt64, entry: [UInt8], body: [UInt8]) {
            self.index = index
            self.entry = entry
            self.body = body
        }
    }

    package var request: UInt32
    package var items: [Item]
    /// Whether the sender stopped at the size limit of a frame and holds more of what was asked.
    package var isPartial: Bool

    package init(request: UInt32, items: [Item], isPartial: Bool) {
        self.request = request
        self.items = items
        self.isPartial = isPartial
    }
}

extension EntriesMessage {
    func encode(to writer: inout ByteWriter) {
        writer.uint32(request)
        writer.uint8(isPartial ? 1 : 0)
        writer.uint16(UInt16(items.count))
        for item in items {
            writer.uint64(item.index)
            // Where the body is at hand, ten bytes of header give the entry back.
            var builder = PackedEntriesBuilder()
            builder.append(entry: item.entry, body: item.body)
            writer.vector(builder.finish().bytes, maximum: 0xffff)
        }
    }

    init(decoding reader: inout ByteReader) throws(DecodingFailure) {
        request = try reader.uint32()
        let partial = try reader.uint8()
        guard partial <= 1 else { throw .value(Int64(partial)) }
        isPartial = partial == 1
        let count = Int(try reader.uint16())
        guard count <= Limits.entriesPerPull else { throw .vectorLength(count) }
        items = []
        for _ in 0..<count {
            let index = try reader.uint64()
            let packed = try PackedEntries(checking: reader.vector(2...0xffff))
            guard packed.count == 1 else { throw .vectorLength(packed.count) }
            let (entry, body) = packed.item(0)
            items.append(Item(index: index, entry: entry, body: body))
        }
    }
}

/// Asks for tiles of a log of `size` entries: where hashes are damaged, tiles lead to the damaged entries.
package struct TilePull: Equatable, Sendable {
    package struct Coordinate: Hashable, Sendable {
        package var level: UInt8
        package var number: UInt64

        package init(level: UInt8, number: UInt64) {
            self.level = level
            self.number = number
        }
    }

    package var request: UInt32
    package var origin: [UInt8]
    package var size: UInt64
    package var tiles: [Coordinate]

    package init(request: UInt32, origin: [UInt8], size: UInt64, tiles: [Coordinate]) {
        self.request = request
        self.origin = origin
        self.size = size
        self.tiles = tiles
    }
}

extension TilePull {
    func encode(to writer: inout ByteWriter) {
        writer.uint32(request)
        writer.vector(origin, maximum: OriginName.maximumBytes)
        writer.uint64(size)
        writer.uint16(UInt16(tiles.count))
        for tile in tiles {
            writer.uint8(tile.level)
            writer.uint64(tile.number)
        }
    }

    init(decoding reader: inout ByteReader) throws(DecodingFailure) {
        request = try reader.uint32()
        origin = try reader.text(1...OriginName.maximumBytes)
        size = try reader.uint64()
        let count = Int(try reader.uint16())
        guard count <= Limits.tilesPerPull else { throw .vectorLength(count) }
        tiles = []
        for _ in 0..<count { tiles.append(Coordinate(level: try reader.uint8(), number: try reader.uint64())) }
    }
}

/// Tiles in the order asked for; an empty one could not be given.
package struct TilesMessage: Equatable, Sendable {
    package var request: UInt32
    package var tiles: [[Digest]]

    package init(request: UInt32, tiles: [[Digest]]) {
        self.request = request
        self.tiles = tiles
    }
}

extension TilesMessage {
    func encode(to writer: inout ByteWriter) {
        writer.uint32(request)
        writer.uint16(UInt16(tiles.count))
        for tile in tiles { writer.digests(tile, maximum: Int(Tiling.width)) }
    }

    init(decoding reader: inout ByteReader) throws(DecodingFailure) {
        request = try reader.uint32()
        let count = Int(try reader.uint16())
        guard count <= Limits.tilesPerPull else { throw .vectorLength(count) }
        tiles = []
        for _ in 0..<count { tiles.append(try reader.digests(maximum: Int(Tiling.width))) }
    }
}
