internal import Cryptography
internal import Federation
internal import Replication
internal import Scoring
internal import Storage
internal import SyncProtocol
internal import TransparencyLog

extension Node {
    /// What the replica has to know of a stored log.
    func held(_ state: LogState) throws -> HeldLog {
        let (complete, missing) = try complete(state)
        // Of the own log only what is signed is final: the rest waits for the peers to confirm the past before it.
        let stored = state.origin == origin ? state.signedSize : state.size
        return HeldLog(
            origin: state.origin, stored: stored, complete: min(complete, stored), checkpoint: state.checkpoint,
            promised: state.proving?.checkpoint, missing: missing, isFrozen: state.isForked)
    }
}

extension EntriesMessage.Item {
    /// The entry alone, as it is stored.
    var packed: PackedEntries {
        var builder = PackedEntriesBuilder()
        builder.append(entry: entry, body: body)
        return builder.finish()
    }
}
