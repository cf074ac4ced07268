package import Cryptography
package import Encoding
internal import Federation

/// All that a score depends on: topology, rulebook, day, and the sizes and roots of all origins.
package struct Cut: Equatable, Sendable {
    package struct Origin: Equatable, Sendable {
        package let line: [UInt8]
        package let size: UInt64
        package let root: Digest

        package init(line: [UInt8], size: UInt64, root: Digest) {
            self.line = line
            self.size = size
            self.root = root
        }
    }

    /// SHA-256 of the topology file's bytes.
    package let topology: Digest
    /// SHA-256 of the rulebook file's bytes.
    package let rulebook: Digest
    /// Days since 1970-01-01.
    package let day: UInt32
    /// Those with at least one entry, sorted by their lines' bytes.
    package let origins: [Origin]

    /// Origins in any order; empty logs are left out. No line may come twice.
    package init(topology: Digest, rulebook: Digest, day: UInt32, origins: [Origin]) {
        self.topology = topology
        self.rulebook = rulebook
        self.day = day
        self.origins = origins.filter { $0.size > 0 }.sorted { $0.line.lexicographicallyPrecedes($1.line) }
        let isOrdered = zip(self.origins, self.origins.dropFirst()).allSatisfy { $0.line != $1.line }
        precondition(isOrdered, "a cut holds an origin once")
    }

    static let firstLine = Array("concord/cut/v1".utf8)

    /// The text whose hash an attestation names.
    package var text: [UInt8] {
        var text = Self.firstLine
        text += Array("\ntopology \(base64(topology.bytes))\nrulebook \(base64(rulebook.bytes))\nday \(day)\n".utf8)
        for origin in origins {
            text += Array("origin ".utf8) + origin.line
            text += Array(" \(origin.size) \(base64(origin.root.bytes))\n".utf8)
        }
        return text
    }

    /// SHA-256 of the text.
    package var hash: Digest { sha256(text) }

    /// Size of an origin in the cut; 0 where it is not there.
    package func size(of line: [UInt8]) -> UInt64 { origin(line)?.size ?? 0 }

    package func origin(_ line: [UInt8]) -> Origin? {
        var low = 0
        var high = origins.count
        while low < high {
            let middle = (low + high) / 2
            if origins[middle].line.lexicographicallyPrecedes(line) { low = middle + 1 } else { high = middle }
        }
        return low < origins.count && origins[low].line == line ? origins[low] : nil
    }

    /// Reads the one form that a cut's text has.
    package init(text: [UInt8]) throws(DecodingFailure) {
        guard text.count <= Limits.cutBytes else { throw .malformed("a cut has at most \(Limits.cutBytes) bytes") }
        let lines = try textLines(text, "a cut")
        guard lines.count >= 4, lines[0].elementsEqual(Self.firstLine) else {
            throw .malformed("a cut begins with the lines concord/cut/v1, topology, rulebook, day")
        }
        topology = try digest(field(lines[1], "topology"), "topology")
        rulebook = try digest(field(lines[2], "rulebook"), "rulebook")
        guard let number = decimal(try field(lines[3], "day")), let day = UInt32(exactly: number) else {
            throw .malformed("the day is not a decimal below 2^32 without leading zeros")
        }
        self.day = day
        var origins: [Origin] = []
        for line in lines[4...] {
            let origin = try Self.origin(field(line, "origin"))
            if let last = origins.last, !last.line.lexicographicallyPrecedes(origin.line) {
                throw .malformed("the origins are not sorted by their bytes, each once")
            }
            origins.append(origin)
        }
        self.origins = origins
    }

    private static func origin(_ text: ArraySlice<UInt8>) throws(DecodingFailure) -> Origin {
        let parts = text.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard parts.count == 3, OriginName(Array(parts[0])) != nil else {
            throw .malformed("an origin is given as its line, size and root, with single spaces")
        }
        guard let size = decimal(parts[1]), size > 0 else {
            throw .malformed("the size of an origin is not a decimal from 1 below 2^63 without leading zeros")
        }
        return Origin(line: Array(parts[0]), size: size, root: try digest(parts[2], "root"))
    }
}

/// Lines of a text in which each ends with a newline.
func textLines(_ text: [UInt8], _ name: String) throws(DecodingFailure) -> [ArraySlice<UInt8>] {
    guard text.last == UInt8(ascii: "\n") else { throw .malformed("the last line of \(name) has no newline") }
    return text.dropLast().split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
}

/// What follows a line's first word and a space.
private func field(_ line: ArraySlice<UInt8>, _ name: String) throws(DecodingFailure) -> ArraySlice<UInt8> {
    let prefix = Array("\(name) ".utf8)
    guard line.starts(with: prefix) else { throw .malformed("a line with \(name) is missing, or not in its place") }
    return line.dropFirst(prefix.count)
}

func digest(_ text: ArraySlice<UInt8>, _ name: String) throws(DecodingFailure) -> Digest {
    guard let bytes = bytes(base64: text), let digest = Digest(bytes) else {
        throw .malformed("the \(name) is not canonical base64 of 32 bytes")
    }
    return digest
}
