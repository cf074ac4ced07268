internal import Federation

/// An origin in the holder's numbering, at a cut.
package struct ScoringOrigin: Equatable, Sendable {
    package let line: [UInt8]
    /// Size of its log in the cut; 0 where the cut does not hold it.
    package let size: UInt64
    /// Whether its node has the role `authority`.
    package let isAuthority: Bool

    package init(line: [UInt8], size: UInt64, isAuthority: Bool) {
        self.line = line
        self.size = size
        self.isAuthority = isAuthority
    }
}

/// What the fold asks about origins, by the holder's numbers.
struct OriginTable: Sendable {
    struct Row: Sendable {
        /// Number of the node: the same for all its epochs.
        let node: UInt32
        let epoch: UInt64
        let size: UInt64
        let isAuthority: Bool
        /// Place among the origin lines in bytewise order.
        let rank: UInt32
    }

    let rows: [Row]
    let lines: [[UInt8]]
    let nodeCount: Int

    var count: Int { rows.count }

    init(_ origins: [ScoringOrigin]) {
        var nodes: [[UInt8]: UInt32] = [:]
        var rows: [Row?] = Array(repeating: nil, count: origins.count)
        // Nodes are numbered in the order of their lines, so that no holder's own numbering shows in an explanation.
        let order = origins.indices.sorted { origins[$0].line.lexicographicallyPrecedes(origins[$1].line) }
        for (rank, index) in order.enumerated() {
            let origin = origins[index]
            let name = OriginName(origin.line)
            // A line of another form can only be the target of something; it is a node of its own.
            let nodeLine = name?.nodeLine ?? origin.line
            let node = nodes[nodeLine] ?? UInt32(nodes.count)
            nodes[nodeLine] = node
            rows[index] = Row(
                node: node, epoch: name?.epoch ?? 0, size: origin.size, isAuthority: origin.isAuthority,
                rank: UInt32(rank))
        }
        self.rows = rows.compactMap(\.self)
        lines = origins.map(\.line)
        nodeCount = nodes.count
    }

    /// Whether a position lies inside the cut. Numbers beyond the table are of origins that the cut does not know.
    func holds(_ origin: UInt32, _ index: UInt64) -> Bool {
        Int(origin) < rows.count && index < rows[Int(origin)].size
    }

    /// Whether what one origin records can take back what stands in another's log: the same node's, or an authority's.
    func mayCorrect(_ origin: UInt32, _ target: UInt32) -> Bool {
        guard Int(target) < rows.count else { return false }
        let row = rows[Int(origin)]
        return row.isAuthority || row.node == rows[Int(target)].node
    }
}
