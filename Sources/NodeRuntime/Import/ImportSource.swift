/// The file could not be read to its end.
package struct ImportSourceFailure: Error, Equatable, Sendable, CustomStringConvertible {
    /// What failed and what to do.
    package let description: String

    package init(_ description: String) { self.description = description }
}

/// Where the bytes of an import come from, block by block.
package struct ImportSource {
    /// Bytes in all, for the progress shown; nil where it is not known before the end.
    package let byteCount: Int?
    /// Fills the front of the buffer and gives the number of bytes read: 0 at the end, and only there. The buffer is
    /// never empty.
    package let read: (UnsafeMutableRawBufferPointer) throws(ImportSourceFailure) -> Int

    package init(
        byteCount: Int?, read: @escaping (UnsafeMutableRawBufferPointer) throws(ImportSourceFailure) -> Int
    ) {
        self.byteCount = byteCount
        self.read = read
    }

    /// Bytes at hand, given in blocks of at most `blockBytes`.
    package static func bytes(_ bytes: [UInt8], blockBytes: Int = .max) -> ImportSource {
        precondition(blockBytes > 0, "a block of no bytes would end the source")
        var rest = bytes[...]
        return ImportSource(byteCount: bytes.count) { buffer throws(ImportSourceFailure) in
            let block = rest.prefix(min(blockBytes, buffer.count))
            buffer.copyBytes(from: block)
            rest = rest.dropFirst(block.count)
            return block.count
        }
    }
}
