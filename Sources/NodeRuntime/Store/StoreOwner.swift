internal import Cryptography
internal import Federation
internal import Storage
internal import Synchronization

// A store belongs to one node: what it recorded and did not publish yet lies nowhere else.
extension Node {
    private static let ownerKey = "owner"

    /// Refuses a store that another node has written, and signs one that nobody has.
    ///
    /// A node that took up another's store would hold entries that nothing proves, and write over the only copy of what that
    /// other one had recorded last.
    func claimStore() throws {
        // A file whose settings cannot be read is a matter for a verification, not a reason to serve nothing.
        let stored = (try? log.meta(Self.ownerKey)) ?? nil
        guard let owner = stored.flatMap(Self.owner) else {
            // Without room for it the first that is recorded signs it.
            if !log.isReadOnly { try? writeClaiming { _ in } }
            return
        }
        guard owner == origin.nodeLine else {
            throw NodeFailure(
                .refused,
                "\(folder.logFile) is the store of \(String(decoding: owner, as: UTF8.self)), and this node is \(String(decoding: origin.nodeLine, as: UTF8.self)): put each node's own file back in its place; where this node's own is lost, move this one away, and the node starts with an empty store and fetches its past from its peers"
            )
        }
        isStoreClaimed.store(true, ordering: .releasing)
    }

    /// A transaction that signs the store, if that could not be done before: nothing stands in it that is nobody's.
    func writeClaiming<Value>(_ body: (LogTransaction) throws -> Value) throws -> Value {
        let isClaimed = isStoreClaimed.load(ordering: .acquiring)
        let value = try log.write { transaction in
            if !isClaimed { try transaction.setMeta(Self.ownerKey, Self.signature(origin.nodeLine)) }
            return try body(transaction)
        }
        isStoreClaimed.store(true, ordering: .releasing)
        return value
    }

    /// A node's line, and a checksum of it: a damaged name must not turn a node away from its own store.
    private static func signature(_ line: [UInt8]) -> [UInt8] { line + sha256(line).bytes.prefix(checksumBytes) }

    /// Nil for what no node has signed.
    private static func owner(_ signature: [UInt8]) -> [UInt8]? {
        let line = Array(signature.dropLast(checksumBytes))
        return Self.signature(line) == signature ? line : nil
    }

    private static let checksumBytes = 8
}
