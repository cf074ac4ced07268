internal import Encoding

/// An origin line, `<federation>/<node>/<epoch>`: the name of one log. Compared as bytes.
package struct OriginName: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let line: [UInt8]
    /// `<federation>/<node>`: what stays the same across epochs.
    package let nodeLine: [UInt8]
    package let epoch: UInt64

    package static let maximumBytes = 255

    /// Nil where the line has no node, no epoch, or an epoch that is not a decimal from 1 without leading zeros.
    package init?(_ line: [UInt8]) {
        guard line.count <= Self.maximumBytes, isUTF8(line), let slash = line.lastIndex(of: 0x2f),
            let epoch = decimal(line[(slash + 1)...]), epoch >= 1
        else { return nil }
        let nodeLine = Array(line[..<slash])
        guard let split = nodeLine.lastIndex(of: 0x2f), split > 0, split + 1 < nodeLine.count else { return nil }
        self.line = line
        self.nodeLine = nodeLine
        self.epoch = epoch
    }

    package init?(_ text: String) { self.init(Array(text.utf8)) }

    /// From its parts; nil where they give no origin line.
    package init?(federation: [UInt8], node: [UInt8], epoch: UInt64) {
        self.init(federation + [0x2f] + node + [0x2f] + Array(String(epoch).utf8))
    }

    package var description: String { String(decoding: line, as: UTF8.self) }

    /// The node's name within its federation.
    package var node: [UInt8] { Array(nodeLine[(nodeLine.lastIndex(of: 0x2f)! + 1)...]) }

    /// Bytewise: the order of lists, in which epoch 10 stands before epoch 9.
    package static func < (left: OriginName, right: OriginName) -> Bool {
        left.line.lexicographicallyPrecedes(right.line)
    }

    package static func == (left: OriginName, right: OriginName) -> Bool { left.line == right.line }
    package func hash(into hasher: inout Hasher) { hasher.combine(line) }
}
