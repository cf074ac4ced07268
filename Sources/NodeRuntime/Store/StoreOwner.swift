internal import Federation
internal import Storage

// A store belongs to one node: what it recorded and did not publish yet lies nowhere else.
extension Node {
    private static let ownerKey = "owner"

    /// Refuses a store that another node has written, and signs one that nobody has.
    ///
    /// A node that took up another's store would hold entries that nothing proves, and write over the only copy of what that
    /// other one had recorded last.
    func claimStore() throws {
        // A file whose settings cannot be read is a matter for a verification, not a reason to serve nothing.
        let owner = (try? log.meta(Self.ownerKey)) ?? nil
        guard let owner else {
            // Without room for it the next start signs it.
            if !log.isReadOnly { try? log.write { try $0.setMeta(Self.ownerKey, origin.nodeLine) } }
            return
        }
        guard owner == origin.nodeLine else {
            throw NodeFailure(
                .refused,
                "\(folder.logFile) is the store of \(String(decoding: owner, as: UTF8.self)), and this node is \(String(decoding: origin.nodeLine, as: UTF8.self)): put each node's own file back in its place; where this node's own is lost, move this one away, and the node starts with an empty store and fetches its past from its peers"
            )
        }
    }
}
