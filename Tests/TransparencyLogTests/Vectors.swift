import Cryptography
import Encoding
import Foundation
import Simulation
import TestSupport
import TransparencyLog

/// The files beside these tests.
enum Vectors {
    static let log = vectors("log", in: .module)
    static let checkpoint = vectors("checkpoint", in: .module)
    static let fork = vectors("fork", in: .module)
    static let cut = vectors("cut", in: .module)

    /// Leaf hashes of the entries of `log.json`: "entry 0", "entry 1", …
    static let leaves: [Digest] = (0..<600).map { leafHash(Array("entry \($0)".utf8)) }
}

extension JSONValue {
    var textBytes: [UInt8] { Array(string.utf8) }

    /// A hash in hexadecimal.
    var digest: Digest { Digest(hexBytes)! }
    var path: [Digest] { elements.map(\.digest) }
}

extension SeededRandom {
    mutating func digest() -> Digest { sha256(bytes(4)) }
}

extension Digest {
    /// With one bit turned.
    func flipped(_ bit: Int) -> Digest {
        var bytes = bytes
        bytes[bit / 8] ^= 1 << UInt8(bit % 8)
        return Digest(bytes)!
    }
}

/// RFC 6962 section 2.1, word for word.
func naiveRoot(_ leaves: ArraySlice<Digest>) -> Digest {
    guard let first = leaves.first else { return sha256([]) }
    if leaves.count == 1 { return first }
    var split = 1
    while split * 2 < leaves.count { split *= 2 }
    let middle = leaves.startIndex + split
    return sha256([1] + naiveRoot(leaves[..<middle]).bytes + naiveRoot(leaves[middle...]).bytes)
}

/// Subtree hashes of leaves at hand.
struct Subtrees: SubtreeHashes {
    struct Unaligned: Error {}

    let leaves: [Digest]

    func hash(level: Int, index: UInt64) throws -> Digest {
        let start = Int(index) << level
        guard start + (1 << level) <= leaves.count else { throw Unaligned() }
        return naiveRoot(leaves[start..<(start + (1 << level))])
    }
}
