internal import Encoding
internal import Federation

extension NodeCommands {
    /// Cuts the link with a peer, as a broken line would, or lets it be made again.
    func link(_ request: inout JSONObjectReader) throws -> JSONValue {
        let sync = try needSync()
        let name = try request.string("peer")
        let isCut = try request.optionalBoolean("cut") ?? true
        guard let peer = node.topology.index(ofNode: name), peer != node.index, node.topology.areLinked(node.index, peer) else {
            throw NodeFailure(.invalid, "\(node.identity.node) keeps no link with \(name): its peers stand in the topology")
        }
        sync.setCut(isCut, peer: peer)
        return ["peer": .string(name), "cut": .boolean(isCut)]
    }
}
