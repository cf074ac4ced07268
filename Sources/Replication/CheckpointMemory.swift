internal import TransparencyLog

/// The last few checkpoints of one log that were seen, so that the same bytes are verified once, and that one which is
/// known to fit what is stored is not compared again.
struct CheckpointMemory {
    private struct Seen {
        let checkpoint: SignedCheckpoint
        /// Whether the stored entries lead to its root.
        var fits: Bool
    }

    private static let capacity = 16
    private var seen: [Seen] = []
    private var oldest = 0

    /// The checkpoint of a note that was verified before.
    func verified(_ note: [UInt8]) -> SignedCheckpoint? { seen.last { $0.checkpoint.note == note }?.checkpoint }

    /// What is known of the stored entries at a size: a checkpoint that they fit.
    func fitting(size: UInt64) -> SignedCheckpoint? {
        seen.last { $0.fits && $0.checkpoint.size == size }?.checkpoint
    }

    /// One that was signed for the same size and another root: together they prove a fork.
    func contradicting(_ checkpoint: SignedCheckpoint) -> SignedCheckpoint? {
        seen.first { $0.checkpoint.size == checkpoint.size && $0.checkpoint.root != checkpoint.root }?.checkpoint
    }

    mutating func remember(_ checkpoint: SignedCheckpoint, fits: Bool) {
        if let index = seen.firstIndex(where: { $0.checkpoint.note == checkpoint.note }) {
            seen[index].fits = seen[index].fits || fits
            return
        }
        let one = Seen(checkpoint: checkpoint, fits: fits)
        if seen.count < Self.capacity {
            seen.append(one)
        } else {
            seen[oldest] = one
            oldest = (oldest + 1) % Self.capacity
        }
    }

    /// After the store was changed by other than appending, nothing is known to fit.
    mutating func forgetFits() {
        for index in seen.indices { seen[index].fits = false }
    }
}
