internal import Cryptography
internal import Encoding
internal import TransparencyLog

/// Proofs, tiles and bundles, against the recursive words of the RFC.
extension FuzzTarget {
    static let proofTargets = [inclusionProof, consistencyProof, tile, bundle]

    /// `uint8 flag; uint64 index; uint64 size; opaque leaf[32]; opaque root[32]; opaque path[32][...]`: with an odd flag the
    /// root is the one to which the path leads, so that proofs which hold are as frequent as those which do not.
    private static let inclusionProof = FuzzTarget(
        "inclusion-proof", "an inclusion proof, by another way of verifying it", maximumBytes: 2_200,
        seeds: {
            [(0, 1), (6, 8), (12, 13), (299, 300), (127, 255)].flatMap { index, size in
                let path = ReferenceTree.path(index, FuzzMaterial.leaves[..<size])
                let root = ReferenceTree.root(FuzzMaterial.leaves[..<size])
                return [0, 1].map { flag in
                    proofBytes(flag, UInt64(index), UInt64(size), FuzzMaterial.leaves[index], root, path)
                }
            }
        },
        body: { input, trace throws(FuzzFailure) in
            guard let (flag, index, size, leaf, root, path) = proof(input) else { return }
            let reached = ReferenceTree.root(leaf: leaf, index: index, size: size, path: path[...])
            let stated = flag & 1 == 1 ? reached ?? root : root
            let isIncluded = Proofs.isIncluded(leaf, index: index, size: size, path: path, root: stated)
            try trace.require(isIncluded == (reached == stated), "it holds by one way of verifying and not by the other")
            trace.note(isIncluded ? 1 : 2)
            trace.note(path.count)
        })

    /// The same with `first` for the index, `second` for the size, and the older root for the leaf.
    private static let consistencyProof = FuzzTarget(
        "consistency-proof", "a consistency proof, by another way of verifying it", maximumBytes: 2_200,
        seeds: {
            [(0, 5), (1, 2), (3, 7), (4, 8), (6, 8), (128, 300), (299, 300), (5, 5)].flatMap { first, second in
                let path = first == 0 ? [] : ReferenceTree.consistency(first, FuzzMaterial.leaves[..<second])
                let older = ReferenceTree.root(FuzzMaterial.leaves[..<first])
                let newer = ReferenceTree.root(FuzzMaterial.leaves[..<second])
                return [0, 1].map { flag in proofBytes(flag, UInt64(first), UInt64(second), older, newer, path) }
            }
        },
        body: { input, trace throws(FuzzFailure) in
            guard let (flag, first, second, older, newer, path) = proof(input) else { return }
            let reached = reachedRoots(first, second, older, path)
            let (stated, statedNewer) = flag & 1 == 1 ? reached ?? (older, newer) : (older, newer)
            // The older root may be a part of the proof, so what is reached is asked again from what is stated.
            let again = reachedRoots(first, second, stated, path)
            // Everything begins with nothing.
            let isTrivial = first == 0 && second > 0 && path.isEmpty && stated == ReferenceTree.root([])
            let holds = isTrivial || again.map { $0.0 == stated && $0.1 == statedNewer } ?? false
            let isConsistent = Proofs.isConsistent(
                first: first, firstRoot: stated, second: second, secondRoot: statedNewer, path: path)
            try trace.require(isConsistent == holds, "it holds by one way of verifying and not by the other")
            trace.note(isConsistent ? 1 : 2)
            trace.note(path.count)
        })

    private static func reachedRoots(
        _ first: UInt64, _ second: UInt64, _ older: Digest, _ path: [Digest]
    ) -> (Digest, Digest)? {
        guard first <= second else { return nil }
        if first == second { return path.isEmpty ? (older, older) : nil }
        if first == 0 { return nil }
        var rest = path[...]
        let roots = ReferenceTree.roots(first: first, second: second, older: older, path: &rest)
        return rest.isEmpty ? roots : nil
    }

    private static func proofBytes(
        _ flag: UInt8, _ first: UInt64, _ second: UInt64, _ leaf: Digest, _ root: Digest, _ path: [Digest]
    ) -> [UInt8] {
        var writer = ByteWriter()
        writer.uint8(flag)
        writer.uint64(first)
        writer.uint64(second)
        for hash in [leaf, root] + path { writer.fixed(hash.bytes) }
        return writer.bytes
    }

    private typealias Proof = (
        flag: UInt8, first: UInt64, second: UInt64, leaf: Digest, root: Digest, path: [Digest]
    )

    private static func proof(_ input: [UInt8]) -> Proof? {
        var reader = ByteReader(input)
        guard let flag = try? reader.uint8(), let first = try? reader.uint64(), let second = try? reader.uint64(),
            let leaf = try? reader.digest(), let root = try? reader.digest(),
            let path = try? tileHashes(reader.fixed(reader.remaining / 32 * 32))
        else { return nil }
        return (flag, first, second, leaf, root, path)
    }

    private static let tile = FuzzTarget(
        "tile", "a tile of hashes", maximumBytes: 8_300,
        seeds: { [[], FuzzMaterial.leaves[0].bytes, tileBytes(FuzzMaterial.leaves[..<256])] },
        body: { input, trace throws(FuzzFailure) in
            guard let hashes = tileHashes(input) else { return trace.note(input.count % 32) }
            try trace.require(tileBytes(hashes) == input, "its hashes do not give the tile back")
            trace.note(size: hashes.count)
        })

    private static let bundle = FuzzTarget(
        "bundle", "a bundle of entries or bodies", maximumBytes: 4_096, tokens: [[0, 0], [0, 42], [255, 255]],
        seeds: {
            [
                TransparencyLog.bundle(of: FuzzMaterial.events.map(\.entry)),
                TransparencyLog.bundle(of: FuzzMaterial.events.map(\.body)),
            ]
        },
        body: { input, trace throws(FuzzFailure) in
            guard let entries = entriesOfBundle(input) else { return trace.note(1) }
            try trace.require(TransparencyLog.bundle(of: entries) == input, "its entries do not give the bundle back")
            try trace.require(entries.count <= 256, "a bundle of \(entries.count) entries")
            trace.note(size: entries.count)
        })
}
