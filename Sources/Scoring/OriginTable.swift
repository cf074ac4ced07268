internal import Federation

/// What the fold asks about origins, by the holder's numbers.
struct OriginTable: Sendable {
    struct Row: Sendable {
        /// Number of the node: the same for all its epochs.
        let node: UInt32
        let epoch: UInt64
        let isAuthority: Bool
        /// Place among the origin lines in bytewise order.
        let rank: UInt32
    }

    let rows: [Row]
    let lines: [[UInt8]]
    let nodeCount: Int
    /// Sizes of the logs in the cut; all 0 before there is one.
    private var sizes: [UInt64]

    var count: Int { rows.count }

    init(_ origins: [(line: [UInt8], isAuthority: Bool)]) {
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
                node: node, epoch: name?.epoch ?? 0, isAuthority: origin.isAuthority, rank: UInt32(rank))
        }
        self.rows = rows.compactMap(\.self)
        lines = origins.map(\.line)
        nodeCount = nodes.count
        sizes = Array(repeating: 0, count: origins.count)
    }

    /// The same origins at a cut; one whose size is not given is not in it.
    func cut(at sizes: [UInt64]) -> OriginTable {
        var table = self
        table.sizes = Array(sizes.prefix(count)) + Array(repeating: 0, count: max(0, count - sizes.count))
        return table
    }

    /// Whether a position lies inside the cut. Numbers beyond the table are of origins that the cut does not know.
    func holds(_ origin: UInt32, _ index: UInt64) -> Bool {
        Int(origin) < sizes.count && index < sizes[Int(origin)]
    }

    /// Whether what one origin records can take back what stands in another's log: the same node's, or an authority's.
    func mayCorrect(_ origin: UInt32, _ target: UInt32) -> Bool {
        guard Int(target) < rows.count else { return false }
        let row = rows[Int(origin)]
        return row.isAuthority || row.node == rows[Int(target)].node
    }
}
