/// 256 bits, one for each entry of a bundle.
package struct BundleBits: Equatable, Sendable {
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    package init() {}

    package init(_ indices: some Sequence<Int>) {
        for index in indices { self[index] = true }
    }

    package subscript(index: Int) -> Bool {
        get { word(index >> 6) >> UInt64(index & 63) & 1 == 1 }
        set {
            let bit = UInt64(1) << UInt64(index & 63)
            setWord(index >> 6, newValue ? word(index >> 6) | bit : word(index >> 6) & ~bit)
        }
    }

    package var isEmpty: Bool { words == (0, 0, 0, 0) }

    package var count: Int {
        words.0.nonzeroBitCount + words.1.nonzeroBitCount + words.2.nonzeroBitCount + words.3.nonzeroBitCount
    }

    /// The bits that are set, in order.
    package var indices: [Int] {
        var result: [Int] = []
        for number in 0..<4 {
            var rest = word(number)
            while rest != 0 {
                result.append(number << 6 | rest.trailingZeroBitCount)
                rest &= rest - 1
            }
        }
        return result
    }

    package static func == (left: BundleBits, right: BundleBits) -> Bool { left.words == right.words }

    private func word(_ number: Int) -> UInt64 {
        switch number {
        case 0: words.0
        case 1: words.1
        case 2: words.2
        default: words.3
        }
    }

    private mutating func setWord(_ number: Int, _ value: UInt64) {
        switch number {
        case 0: words.0 = value
        case 1: words.1 = value
        case 2: words.2 = value
        default: words.3 = value
        }
    }

    /// 32 bytes: four big-endian words.
    var encoded: [UInt8] {
        (0..<32).map { UInt8(truncatingIfNeeded: word($0 >> 3) >> UInt64(56 - 8 * ($0 & 7))) }
    }

    /// Nil for another count of bytes than 32.
    init?(encoded bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        for number in 0..<4 { setWord(number, bytes[(8 * number)..<(8 * number + 8)].reduce(0) { $0 << 8 | UInt64($1) }) }
    }
}

/// A set of indices of one log, kept by bundle.
package struct IndexBits: Equatable, Sendable {
    private var bundles: [UInt64: BundleBits] = [:]
    package private(set) var count = 0

    package init() {}

    package var isEmpty: Bool { count == 0 }

    package func contains(_ index: UInt64) -> Bool { bundles[index >> 8]?[Int(index & 255)] ?? false }

    /// The indices of one bundle, relative to it.
    package func bits(ofBundle number: UInt64) -> BundleBits { bundles[number] ?? BundleBits() }

    package mutating func set(_ bits: BundleBits, ofBundle number: UInt64) {
        count += bits.count - (bundles[number]?.count ?? 0)
        bundles[number] = bits.isEmpty ? nil : bits
    }

    package mutating func insert(_ index: UInt64) { update(index, true) }
    package mutating func remove(_ index: UInt64) { update(index, false) }

    /// Takes out `index` and every larger one.
    package mutating func removeAll(from index: UInt64) {
        for number in bundles.keys.sorted() where number >= index >> 8 {
            let kept = number == index >> 8 ? bits(ofBundle: number).indices.filter { $0 < Int(index & 255) } : []
            set(BundleBits(kept), ofBundle: number)
        }
    }

    private mutating func update(_ index: UInt64, _ value: Bool) {
        var bits = bits(ofBundle: index >> 8)
        bits[Int(index & 255)] = value
        set(bits, ofBundle: index >> 8)
    }

    /// Numbers of the bundles with a member, in order.
    package var bundleNumbers: [UInt64] { bundles.keys.sorted() }

    /// All members, in order.
    package var indices: [UInt64] {
        bundleNumbers.flatMap { number in bits(ofBundle: number).indices.map { number << 8 | UInt64($0) } }
    }
}
