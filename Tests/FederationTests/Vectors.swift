import Encoding
import Federation
import Foundation
import Simulation
import TestSupport

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

    static let root = vectors("event", in: .module)

    static let good: [Event] = root["good"]!.elements.map { value in
        Event(
            what: value["what"]!.string, kind: EventKind(rawValue: UInt8(value["kind"]!.number))!,
            entry: value["entry"]!.hexBytes, body: value["body"]! == .null ? nil : value["body"]!.hexBytes,
            leafHash: value["leaf_hash"]!.string)
    }

    static let withBody = good.filter { $0.body != nil }
    static let erasure = good.first { $0.kind == .erasure }!
    static let kept: [[UInt8]] = root["kept_but_not_scored"]!.elements.map { $0["entry"]!.hexBytes }
}

extension SeededRandom {
    mutating func bytes(_ range: ClosedRange<Int>) -> [UInt8] { bytes(Int.random(in: range, using: &self)) }
}

/// Bytes with one bit turned at every place.
func flipped(_ bytes: [UInt8]) -> [[UInt8]] {
    bytes.indices.map { index in
        var changed = bytes
        changed[index] ^= 1 << UInt8(index % 8)
        return changed
    }
}
