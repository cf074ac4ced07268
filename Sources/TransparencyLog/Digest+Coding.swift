package import Cryptography
package import Encoding

extension ByteWriter {
    /// A vector of at most `maximum` hashes.
    package mutating func digests(_ digests: [Digest], maximum: Int) {
        vector(digests.flatMap(\.bytes), maximum: maximum * Digest.byteCount)
    }
}

extension ByteReader {
    package mutating func digest() throws(DecodingFailure) -> Digest {
        guard let digest = Digest(try fixed(Digest.byteCount)) else { throw .truncated }
        return digest
    }

    package mutating func digests(maximum: Int) throws(DecodingFailure) -> [Digest] {
        let bytes = try vector(0...(maximum * Digest.byteCount))
        guard bytes.count % Digest.byteCount == 0 else { throw .vectorLength(bytes.count) }
        return bytes.withUnsafeBytes { buffer in
            (0..<(buffer.count / Digest.byteCount)).map {
                Digest(loading: buffer.baseAddress! + $0 * Digest.byteCount)
            }
        }
    }
}
