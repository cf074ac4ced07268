import Cryptography
import Encoding
import Foundation
import TransparencyLog

/// The files beside these tests.
enum Vectors {
    static let log = load("log")
    static let checkpoint = load("checkpoint")
    static let fork = load("fork")
    static let cut = load("cut")

    /// Leaf hashes of the entries of `log.json`: "entry 0", "entry 1", …
    static let leaves: [Digest] = (0..<600).map { leafHash(Array("entry \($0)".utf8)) }

    private static func load(_ name: String) -> JSONValue {
        let url = Bundle.module.url(forResource: name, withExtension: "json", subdirectory: "Vectors")!
        return try! JSONValue.parse([UInt8](Data(contentsOf: url)))
    }
}

extension JSONValue {
    var text: String {
        guard case .string(let text) = content else { preconditionFailure("a string is expected") }
        return text
    }

    var textBytes: [UInt8] { Array(text.utf8) }

    var number: UInt64 {
        guard case .integer(let number) = content else { preconditionFailure("a number is expected") }
        return UInt64(number)
    }

    var elements: [JSONValue] {
        guard case .array(let elements) = content else { return [] }
        return elements
    }

    var members: [JSONMember] {
        guard case .object(let members) = content else { return [] }
        return members
    }

    /// A hash in hexadecimal.
    var digest: Digest { Digest(Encoding.bytes(hex: text)!)! }
    var path: [Digest] { elements.map(\.digest) }
}

/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers in every run.
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }

    mutating func digest() -> Digest { sha256((0..<4).map { _ in UInt8(truncatingIfNeeded: next()) }) }
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
