import Federation
import Replication
import SyncProtocol
import TransparencyLog

// What is looked at from outside.
extension World {
    /// Whether all nodes that run hold the same, with every body.
    var hasConverged: Bool {
        let up = nodes.filter(\.isUp)
        return up.allSatisfy { node in
            node.isComplete
                && node.store.logs.allSatisfy { log in
                    log.tree == nodes[federation.topology.index(ofOrigin: log.origin.line)!].own.tree
                }
        }
    }

    /// Pulls of a node that asked for what had been asked for already.
    func repeatedPulls(_ node: Int) -> [Range<UInt64>] {
        var seen: [[UInt8]: [Range<UInt64>]] = [:]
        var repeated: [Range<UInt64>] = []
        for (_, pull, _) in nodes[node].pulls {
            let range = pull.first..<pull.end
            if seen[pull.origin, default: []].contains(where: { $0.overlaps(range) }) { repeated.append(range) }
            seen[pull.origin, default: []].append(range)
        }
        return repeated
    }

    /// Reports that accuse a node or its log of something.
    var accusations: [ReplicaReport] {
        nodes.flatMap(\.reports).filter { report in
            switch report {
            case .forked, .disagreeing, .unprovenRange, .invalidCheckpoint, .refusedPeer, .refusedByPeer, .flooding,
                .ownPastIsLonger:
                true
            default: false
            }
        }
    }
}
