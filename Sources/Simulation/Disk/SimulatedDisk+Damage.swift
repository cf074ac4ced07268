/// Damage to the medium: what happens to files at rest, or under a running node without its knowing.
package struct DiskDamage: Equatable, Sendable, CustomStringConvertible {
    package enum Kind: String, Sendable, CaseIterable {
        case flippedBit
        /// The file ends earlier.
        case truncated
        /// Some sectors are those of another place in the file.
        case copiedChunk
        /// Some sectors are those of an older image.
        case olderChunk
        /// The whole file is that of an older image.
        case olderFile
    }

    package let kind: Kind
    package let file: String
    package let range: Range<Int>

    package var description: String { "\(file): \(kind.rawValue) at \(range.lowerBound)..<\(range.upperBound)" }
}

extension SimulatedDisk {
    /// Damages one file, at a place that chance decides; nil where nothing would change.
    ///
    /// - Parameter older: an image of this disk, needed by the kinds that speak of one.
    package func damage(
        _ kind: DiskDamage.Kind, _ name: String, older: DiskImage? = nil, using random: inout SeededRandom
    ) -> DiskDamage? {
        guard let file = folder[name] else { return nil }
        let before = file.durable
        let old = older?.files[name] ?? []
        guard !before.isEmpty, let range = Self.range(kind, before, old, using: &random) else { return nil }
        let bit = UInt8(1) << UInt8.random(in: 0..<8, using: &random)
        let source = Int.random(in: 0...(before.count - range.count), using: &random) / DiskFile.sectorBytes
        sizing(file) {
            file.spoil { bytes in
                switch kind {
                case .flippedBit: if range.lowerBound < bytes.count { bytes[range.lowerBound] ^= bit }
                case .truncated: bytes.removeLast(max(0, bytes.count - range.lowerBound))
                case .copiedChunk:
                    let start = source * DiskFile.sectorBytes
                    bytes.overlay(before[start..<min(before.count, start + range.count)], at: range.lowerBound)
                case .olderChunk: bytes.overlay(old[range], at: range.lowerBound)
                case .olderFile: bytes = old
                }
            }
        }
        return file.durable == before ? nil : DiskDamage(kind: kind, file: name, range: range)
    }

    private static func range(
        _ kind: DiskDamage.Kind, _ bytes: [UInt8], _ old: [UInt8], using random: inout SeededRandom
    ) -> Range<Int>? {
        switch kind {
        case .flippedBit:
            let place = Int.random(in: 0..<bytes.count, using: &random)
            return place..<place + 1
        case .truncated: return Int.random(in: 0..<bytes.count, using: &random)..<bytes.count
        case .olderFile: return old.isEmpty ? nil : 0..<bytes.count
        case .copiedChunk, .olderChunk:
            let limit = (kind == .olderChunk ? min(bytes.count, old.count) : bytes.count) / DiskFile.sectorBytes
            guard limit > 0 else { return nil }
            let first = Int.random(in: 0..<limit, using: &random)
            let last = min(limit, first + Int.random(in: 1...16, using: &random))
            return first * DiskFile.sectorBytes..<last * DiskFile.sectorBytes
        }
    }
}

extension [UInt8] {
    /// Puts bytes over those at a place, as far as there are any.
    fileprivate mutating func overlay(_ bytes: ArraySlice<UInt8>, at place: Int) {
        let end = Swift.min(count, place + bytes.count)
        if end > place { replaceSubrange(place..<end, with: bytes.prefix(end - place)) }
    }
}
