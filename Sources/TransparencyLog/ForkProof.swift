package import Cryptography
package import Encoding

/// Evidence that an origin signed two histories: two checkpoints of the same size with different roots, or two of
/// different sizes together with inclusion proofs of different leaf hashes at one index. It verifies offline.
package struct ForkProof: Equatable, Sendable {
    package struct Inclusion: Equatable, Sendable {
        package let leaf: Digest
        package let path: [Digest]

        package init(leaf: Digest, path: [Digest]) {
            self.leaf = leaf
            self.path = path
        }
    }

    package struct Divergence: Equatable, Sendable {
        package let index: UInt64
        package let first: Inclusion
        package let second: Inclusion

        package init(index: UInt64, first: Inclusion, second: Inclusion) {
            self.index = index
            self.first = first
            self.second = second
        }
    }

    /// The two checkpoints as the signed notes that were received.
    package let firstNote: [UInt8]
    package let secondNote: [UInt8]
    /// Needed where the sizes differ.
    package let divergence: Divergence?

    /// A path in a log below 2^63 leaves is never longer.
    package static let maximumPath = 64

    package init(firstNote: [UInt8], secondNote: [UInt8], divergence: Divergence? = nil) {
        self.firstNote = firstNote
        self.secondNote = secondNote
        self.divergence = divergence
    }

    /// The origin proven to have forked.
    package func verify(keys: [VerifierKey]) throws(ForkProofFailure) -> [UInt8] {
        let first: SignedCheckpoint
        let second: SignedCheckpoint
        do throws(NoteFailure) {
            first = try SignedCheckpoint(note: firstNote, keys: keys)
            second = try SignedCheckpoint(note: secondNote, keys: keys)
        } catch {
            throw .note(error)
        }
        guard first.origin == second.origin else { throw .differentOrigins }
        if first.size == second.size {
            guard first.root != second.root else { throw .sameHistory }
            return first.origin
        }
        guard let divergence else { throw .missingInclusion }
        guard divergence.first.leaf != divergence.second.leaf else { throw .sameLeaf }
        guard Self.holds(divergence.first, at: divergence.index, under: first),
            Self.holds(divergence.second, at: divergence.index, under: second)
        else { throw .invalidInclusion }
        return first.origin
    }

    private static func holds(_ inclusion: Inclusion, at index: UInt64, under checkpoint: SignedCheckpoint) -> Bool {
        Proofs.isIncluded(
            inclusion.leaf, index: index, size: checkpoint.size, path: inclusion.path, root: checkpoint.root)
    }
}

/// Why a fork proof proves nothing.
package enum ForkProofFailure: Error, Equatable, Sendable, CustomStringConvertible {
    case note(NoteFailure)
    case differentOrigins
    /// Equal sizes and equal roots: one history.
    case sameHistory
    case missingInclusion
    case sameLeaf
    case invalidInclusion

    package var description: String {
        switch self {
        case .note(let failure): "a checkpoint is not good: \(failure)"
        case .differentOrigins: "the two checkpoints are by different origins"
        case .sameHistory: "both checkpoints state the same root"
        case .missingInclusion: "checkpoints of different sizes need two inclusion proofs of one index"
        case .sameLeaf: "both inclusion proofs are of the same leaf"
        case .invalidInclusion: "an inclusion proof does not lead to its checkpoint's root"
        }
    }
}

extension ForkProof {
    /// `struct { opaque first<1..4096>; opaque second<1..4096>; uint8 diverges;
    ///   select (diverges) { 0: ; 1: uint64 index; Inclusion first; Inclusion second } }` with
    /// `struct { opaque leaf[32]; opaque path<0..2048> } Inclusion`.
    package var encoded: [UInt8] {
        var writer = ByteWriter()
        writer.vector(firstNote, maximum: SignedCheckpoint.maximumBytes)
        writer.vector(secondNote, maximum: SignedCheckpoint.maximumBytes)
        writer.uint8(divergence == nil ? 0 : 1)
        if let divergence {
            writer.uint64(divergence.index)
            for inclusion in [divergence.first, divergence.second] {
                writer.fixed(inclusion.leaf.bytes)
                writer.digests(inclusion.path, maximum: Self.maximumPath)
            }
        }
        return writer.bytes
    }

    package init(decoding reader: inout ByteReader) throws(DecodingFailure) {
        firstNote = try reader.vector(1...SignedCheckpoint.maximumBytes)
        secondNote = try reader.vector(1...SignedCheckpoint.maximumBytes)
        switch try reader.uint8() {
        case 0: divergence = nil
        case 1:
            divergence = Divergence(
                index: try reader.uint64(), first: try Self.inclusion(&reader), second: try Self.inclusion(&reader))
        case let other: throw .value(Int64(other))
        }
    }

    private static func inclusion(_ reader: inout ByteReader) throws(DecodingFailure) -> Inclusion {
        Inclusion(leaf: try reader.digest(), path: try reader.digests(maximum: maximumPath))
    }
}
