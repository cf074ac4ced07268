package import Cryptography
package import Federation
internal import TransparencyLog

/// Entries of one log of a node made into entries of another: of the next epoch's, or of the same behind a longer past.
///
/// Times, salts and everything else stay as they were. Positions that name an entry which moves along follow it, so that a
/// retraction still retracts; the bodies that hold them, and the commitments to those, change with them. What has no body
/// any more says nothing and stays behind, and so does what names it.
package struct CarriedEntries: Sendable {
    package private(set) var pieces: [PackedEntries] = []
    package private(set) var leafHashes: [Digest] = []
    /// The new index of each entry; nil for those that stay behind.
    package private(set) var indices: [UInt64?] = []

    private let from: OriginName
    private let first: UInt64
    private let to: OriginName
    private var builder = PackedEntriesBuilder()
    private var next: UInt64

    /// - Parameters:
    ///   - entries: consecutive ones of the log `from`, the first at the index `first`.
    ///   - to: the log that they go to.
    ///   - end: its size, where they go.
    package init(_ entries: [PackedEntries], from: OriginName, first: UInt64, to: OriginName, at end: UInt64) {
        self.from = from
        self.first = first
        self.to = to
        next = end
        for piece in entries { for (entry, body) in piece.unpacked { carry(entry, body) } }
        if builder.count > 0 { pieces.append(builder.finish()) }
    }

    private mutating func carry(_ entry: [UInt8], _ body: [UInt8]) {
        guard let (entry, body) = moved(entry, body) else { return indices.append(nil) }
        indices.append(next)
        leafHashes.append(leafHash(entry))
        builder.append(entry: entry, body: body)
        next += 1
        if next % Tiling.width == 0 { pieces.append(builder.finish()) }
    }

    private func moved(_ bytes: [UInt8], _ body: [UInt8]) -> (entry: [UInt8], body: [UInt8])? {
        guard let entry = try? Entry(decoding: bytes) else { return (bytes, body) }
        if case .erasure(let target, let ground) = entry.content {
            return moved(target).map { (Entry(erasing: $0, ground: ground, recordedAt: entry.recordedAt).encoded, []) }
        }
        if body.isEmpty { return nil }
        guard let stated = try? Body(decoding: body, kind: entry.kind) else { return (bytes, body) }
        guard let target = stated.content.target else { return (bytes, body) }
        guard let moved = moved(target) else { return nil }
        if moved == target { return (bytes, body) }
        let new = Body(
            salt: stated.salt, day: stated.day, subject: stated.subject, content: stated.content.naming(moved),
            extensions: stated.extensions
        ).encoded
        return (Entry(kind: entry.kind, recordedAt: entry.recordedAt, commitment: sha256(new)).encoded, new)
    }

    /// Where a target stands afterwards; nil where it stayed behind.
    private func moved(_ target: Position) -> Position? {
        guard target.origin == from.line, target.index >= first else { return target }
        guard target.index - first < UInt64(indices.count) else { return target }
        return indices[Int(target.index - first)].map { Position(origin: to.line, index: $0) }
    }
}
