/// A decoder of bytes from outside, under test: valid inputs to begin with, words that its formats use, and what must hold
/// for every input. Running one neither crashes, nor hangs, nor takes memory out of proportion to the input.
package struct FuzzTarget: Sendable {
    typealias Check = @Sendable ([UInt8], inout FuzzTrace) throws(FuzzFailure) -> Void

    package let name: String
    /// What is decoded, and from whom, in words.
    package let summary: String
    /// Inputs are no longer than this.
    package let maximumBytes: Int
    let tokens: [[UInt8]]
    /// Valid inputs, made by the code itself.
    let seeds: @Sendable () -> [[UInt8]]
    private let check: Check

    init(
        _ name: String, _ summary: String, maximumBytes: Int = 4_096, tokens: [[UInt8]] = [],
        seeds: @escaping @Sendable () -> [[UInt8]], body: @escaping Check
    ) {
        self.name = name
        self.summary = summary
        self.maximumBytes = maximumBytes
        self.tokens = tokens
        self.seeds = seeds
        check = body
    }

    /// Runs one input. Inputs that lead the same way give the same number, which tells new behaviour from known.
    package func run(_ input: [UInt8]) throws(FuzzFailure) -> UInt64 {
        var trace = FuzzTrace()
        try check(input, &trace)
        return trace.signature
    }

    package static func named(_ name: String) -> FuzzTarget? { all.first { $0.name == name } }
}

/// Something that must hold for every input does not.
package struct FuzzFailure: Error, Equatable, Sendable, CustomStringConvertible {
    package let description: String
}

/// Which way an input has gone: kinds of errors, kinds of what was decoded, sizes by their order of magnitude.
struct FuzzTrace {
    /// FNV-1a over what was noted.
    private(set) var signature: UInt64 = 0xcbf2_9ce4_8422_2325

    mutating func note(_ value: Int) {
        signature = (signature ^ UInt64(bitPattern: Int64(value))) &* 0x100_0000_01b3
    }

    /// Notes the order of magnitude alone, so that not every length is a behaviour of its own.
    mutating func note(size: Int) { note(1_000 + Int.bitWidth - max(0, size).leadingZeroBitCount) }

    mutating func note(size: UInt64) { note(1_100 + UInt64.bitWidth - size.leadingZeroBitCount) }

    /// Notes the front of an error's text, up to what it quotes from the input.
    mutating func note(words: String) {
        for byte in words.utf8.prefix(48) {
            if byte == UInt8(ascii: "\"") || byte < 0x20 || byte >= 0x80 || (0x30...0x39).contains(byte) { break }
            note(Int(byte))
        }
    }

    func require(_ holds: Bool, _ message: @autoclosure () -> String) throws(FuzzFailure) {
        guard holds else { throw FuzzFailure(description: message()) }
    }
}
