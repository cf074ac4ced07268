import Cryptography
import Encoding
import Federation
import Foundation

/// `event.json` beside these tests.
enum Vectors {
    /// An entry and its body, nil for an erasure.
    struct Event: Sendable {
        let what: String
        let kind: EventKind
        let entry: [UInt8]
        let body: [UInt8]?
        let leafHash: String
    }

    static let root: JSONValue = {
        let url = Bundle.module.url(forResource: "event", withExtension: "json", subdirectory: "Vectors")!
        return try! JSONValue.parse([UInt8](Data(contentsOf: url)))
    }()

    static let good: [Event] = root["good"]!.elements.map { value in
        Event(
            what: value["what"]!.text, kind: EventKind(rawValue: UInt8(value["kind"]!.number))!,
            entry: value["entry"]!.hexBytes, body: value["body"]! == .null ? nil : value["body"]!.hexBytes,
            leafHash: value["leaf_hash"]!.text)
    }

    static let withBody = good.filter { $0.body != nil }
    static let erasure = good.first { $0.kind == .erasure }!
    static let kept: [[UInt8]] = root["kept_but_not_scored"]!.elements.map { $0["entry"]!.hexBytes }
}

extension JSONValue {
    var text: String {
        guard case .string(let text) = content else { preconditionFailure("a string is expected") }
        return text
    }

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

    var hexBytes: [UInt8] { Encoding.bytes(hex: text)! }
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

    mutating func bytes(_ range: ClosedRange<Int>) -> [UInt8] {
        (0..<Int.random(in: range, using: &self)).map { _ in UInt8(truncatingIfNeeded: next()) }
    }
}

/// Bytes with one bit turned at every place.
func flipped(_ bytes: [UInt8]) -> [[UInt8]] {
    bytes.indices.map { index in
        var changed = bytes
        changed[index] ^= 1 << UInt8(index % 8)
        return changed
    }
}
