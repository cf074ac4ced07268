package import Federation
internal import Storage
internal import TransparencyLog

// What any log monitor may read: entries say nothing about anybody. Only what a checkpoint covers is shown.
extension NodeCommands {
    /// The newest checkpoint of a log under which everything is held here; nil where there is none.
    package func checkpoint(_ origin: OriginName) -> [UInt8]? { published(origin)?.note }

    private func published(_ origin: OriginName) -> SignedCheckpoint? {
        guard node.topology.index(ofOrigin: origin.line) != nil, let checkpoint = node.log.state(origin)?.checkpoint,
            checkpoint.size > 0
        else { return nil }
        return checkpoint
    }

    /// The first `width` hashes of a tile of C2SP tlog-tiles; nil where the checkpoint does not cover them.
    package func tile(_ origin: OriginName, level: Int, number: UInt64, width: Int) throws -> [UInt8]? {
        guard covers(origin, level: level, number: number, width: width) else { return nil }
        return try node.log.tile(origin, level: level, number: number, width: width)
    }

    /// The first `width` entries of a bundle of C2SP tlog-tiles; nil where the checkpoint does not cover them.
    package func entryBundle(_ origin: OriginName, number: UInt64, width: Int) throws -> [UInt8]? {
        guard covers(origin, level: 0, number: number, width: width) else { return nil }
        return try node.log.entryBundle(origin, number: number, width: width)
    }

    private func covers(_ origin: OriginName, level: Int, number: UInt64, width: Int) -> Bool {
        guard let size = published(origin)?.size, (1...Int(Tiling.width)).contains(width) else { return false }
        let levels = Tiling.levels(size: size)
        guard levels.indices.contains(level) else { return false }
        let (_, full, partial) = levels[level]
        return number < full || (number == full && width <= partial)
    }
}
