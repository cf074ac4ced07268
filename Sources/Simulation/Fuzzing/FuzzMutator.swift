/// Changes inputs: some changes blind, some that suit what formats are made of: length fields, counts, lists, words.
struct FuzzMutator {
    private var random: SeededRandom
    private let tokens: [[UInt8]]
    private let maximumBytes: Int

    /// Values at which integers wrap, fields end and limits lie.
    private static let interesting: [UInt64] = [
        0, 1, 2, 3, 7, 8, 10, 31, 32, 33, 41, 42, 43, 63, 64, 65, 127, 128, 255, 256, 257, 511, 512, 1_023, 1_024, 4_095,
        4_096, 4_097, 8_191, 8_192, 8_193, 32_767, 32_768, 65_535, 65_536, 1 << 20, 1 << 24 - 1, 1 << 24, 1 << 31 - 1,
        1 << 31, 1 << 32 - 1, 1 << 32, 1 << 40, 1 << 48, 1 << 62, 1 << 63 - 1, 1 << 63, .max - 1, .max,
    ]

    init(seed: UInt64, target: FuzzTarget) {
        random = SeededRandom(seed: seed)
        tokens = target.tokens
        maximumBytes = target.maximumBytes
    }

    /// A number below `bound`, which is not 0. (Multiplying high gives no remainder that would have to be drawn again; the
    /// bias is below 2^-32 for what is asked here.)
    mutating func below(_ bound: Int) -> Int { Int(random.next().multipliedFullWidth(by: UInt64(bound)).high) }

    /// `input` with one to eight changes; `partner` is another input, to take parts from.
    mutating func mutate(_ input: [UInt8], partner: [UInt8]) -> [UInt8] {
        var bytes = input
        for _ in 0..<(1 << below(4)) { change(&bytes, partner) }
        if bytes.count > maximumBytes { bytes.removeSubrange(maximumBytes...) }
        return bytes
    }

    private mutating func change(_ bytes: inout [UInt8], _ partner: [UInt8]) {
        guard !bytes.isEmpty else {
            bytes = bytesFrom(partner) ?? random.bytes(1 + below(16))
            return
        }
        switch below(20) {
        case 0, 1: bytes[below(bytes.count)] ^= 1 << UInt8(below(8))
        case 2: bytes[below(bytes.count)] = UInt8(below(256))
        case 3: bytes[below(bytes.count)] &+= UInt8(below(16)) &- 8
        case 4, 5: add(to: &bytes)
        case 6, 7: overwrite(&bytes, with: Self.interesting[below(Self.interesting.count)])
        case 8: overwrite(&bytes, with: restBehind(bytes))
        case 9, 10: erase(&bytes)
        case 11: insert(Array(bytes[chunk(of: bytes.count)]), into: &bytes)
        case 12: insert(random.bytes(1 + below(8)), into: &bytes)
        case 13: bytes.removeSubrange(below(bytes.count)...)
        case 14:
            bytes += below(2) == 0 ? random.bytes(1 + below(16)) : [UInt8](repeating: UInt8(below(256)), count: 1 + below(64))
        case 15: if let token = token() { insert(token, into: &bytes) }
        case 16: if let token = token() { replace(&bytes, with: token) }
        case 17: if let part = bytesFrom(partner) { insert(part, into: &bytes) }
        case 18: cross(&bytes, partner)
        default: repeatChunk(of: &bytes)
        }
    }

    private mutating func token() -> [UInt8]? {
        if tokens.isEmpty || below(8) == 0 { return Array(String(Self.interesting[below(Self.interesting.count)]).utf8) }
        return tokens[below(tokens.count)]
    }

    private mutating func chunk(of count: Int) -> Range<Int> {
        let start = below(count)
        let longest = min(count - start, below(8) == 0 ? count : 32)
        return start..<(start + 1 + below(longest))
    }

    private mutating func bytesFrom(_ partner: [UInt8]) -> [UInt8]? {
        partner.isEmpty ? nil : Array(partner[chunk(of: partner.count)])
    }

    /// A big-endian field of 1, 2, 4 or 8 bytes at a place of its own.
    private mutating func field(of bytes: [UInt8]) -> Range<Int>? {
        let width = 1 << below(4)
        guard bytes.count >= width else { return nil }
        let start = below(bytes.count - width + 1)
        return start..<(start + width)
    }

    private mutating func add(to bytes: inout [UInt8]) {
        guard let field = field(of: bytes) else { return }
        let value = bytes[field].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        Self.write(value &+ UInt64(below(64)) &- 32, to: field, of: &bytes)
    }

    private mutating func overwrite(_ bytes: inout [UInt8], with value: UInt64) {
        guard let field = field(of: bytes) else { return }
        Self.write(value, to: field, of: &bytes)
    }

    /// What a length field would say that takes in everything behind it.
    private mutating func restBehind(_ bytes: [UInt8]) -> UInt64 { UInt64(max(0, bytes.count - below(bytes.count) - 1)) }

    private static func write(_ value: UInt64, to field: Range<Int>, of bytes: inout [UInt8]) {
        for (offset, place) in field.reversed().enumerated() {
            bytes[place] = UInt8(truncatingIfNeeded: value >> UInt64(8 * offset))
        }
    }

    private mutating func erase(_ bytes: inout [UInt8]) { bytes.removeSubrange(chunk(of: bytes.count)) }

    private mutating func insert(_ part: [UInt8], into bytes: inout [UInt8]) {
        guard bytes.count + part.count <= maximumBytes else { return }
        bytes.insert(contentsOf: part, at: below(bytes.count + 1))
    }

    private mutating func replace(_ bytes: inout [UInt8], with part: [UInt8]) {
        let start = below(bytes.count)
        bytes.replaceSubrange(start..<min(bytes.count, start + part.count), with: part)
    }

    /// The front of one input and the back of another.
    private mutating func cross(_ bytes: inout [UInt8], _ partner: [UInt8]) {
        guard !partner.isEmpty else { return }
        let place = below(bytes.count)
        // At the same place as often as at another: formats with fixed fields stay whole.
        let other = below(2) == 0 ? min(place, partner.count) : below(partner.count)
        bytes.replaceSubrange(place..., with: partner[other...])
    }

    /// The same bytes many times over: lists and nesting.
    private mutating func repeatChunk(of bytes: inout [UInt8]) {
        let chunk = chunk(of: bytes.count)
        let part = Array(bytes[chunk])
        let room = (maximumBytes - bytes.count) / part.count
        guard room > 0 else { return }
        var repeated: [UInt8] = []
        for _ in 0..<min(room, 1 + below(below(16) == 0 ? 300 : 8)) { repeated += part }
        bytes.insert(contentsOf: repeated, at: chunk.upperBound)
    }
}
