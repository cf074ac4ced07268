internal import Cryptography
package import Federation
internal import GRDB
package import TransparencyLog

/// The result of verifying one log.
package struct LogVerification: Sendable {
    /// What is wrong, one by one, up to ``Damage/maximumListed``.
    package fileprivate(set) var damages: [Damage] = []
    /// All of it, listed or not.
    package fileprivate(set) var damageCount = 0
    package fileprivate(set) var mirror: LogMirror
    package var isSound: Bool { damageCount == 0 }
}

/// Re-hashes everything that is stored of a log and holds entries, leaf hashes, roots, checkpoint and proof against each
/// other. It reads in short transactions, so that a node goes on working meanwhile, and needs memory for one bundle and 33
/// bytes for each other one.
package struct LogVerifier {
    private let store: LogStore
    private let keys: [VerifierKey]
    private let own: OriginName?

    /// Bundles read in one transaction.
    private static let batch: UInt64 = 64

    /// - Parameters:
    ///   - keys: those under which origins sign their checkpoints.
    ///   - own: the log that the node writes itself, whose last entries need not be signed yet; those of every other log must
    ///     be proven. Nil where that is not looked at.
    package init(_ store: LogStore, keys: [VerifierKey], own: OriginName? = nil) {
        self.store = store
        self.keys = keys
        self.own = own
    }

    /// Verifies one log; nil where nothing of it is stored. `progress` hears how many of how many entries are done, and ends
    /// the work by throwing.
    package func verify(
        _ origin: OriginName, progress: (_ done: UInt64, _ total: UInt64) throws -> Void = { _, _ in }
    ) throws -> LogVerification? {
        guard let state = store.state(origin) else { return nil }
        let opening = try store.read("verify \(origin)") { try Opening($0, state, keys) }
        var scan = LogScan(origin: origin, size: opening.size)
        scan.marks(of: opening)
        let bundles = opening.size / Tiling.width
        var number: UInt64 = 0
        while number < bundles {
            let end = min(number + Self.batch, bundles)
            try store.read("verify \(origin)") { database in
                for number in number..<end {
                    let reader = BundleReader(database, RowKey.make(state.number, number))
                    let finding = BundleFinding(try reader.evidence())
                    scan.add(number, finding, try reader.mark(), opening)
                    if reader.isFileDamaged { scan.markFileDamaged() }
                }
            }
            number = end
            try progress(number * Tiling.width, opening.size)
        }
        scan.finish(opening, mustBeProven: own != nil && own != origin)
        try progress(opening.size, opening.size)
        var verification = LogVerification(mirror: scan.mirror)
        verification.damages = scan.damages
        verification.damageCount = scan.damageCount
        return verification
    }
}

extension LogVerifier {
    /// What is read of a log before its bundles: all in one transaction, so that it fits together.
    struct Opening {
        let origin: OriginName
        let size: UInt64
        let tail: TailFinding
        let tailMark: BundleBits?
        var checkpoint: SignedCheckpoint?
        var proving: LogProving?
        /// What was wrong with checkpoint and proof by themselves, and with the log's frame.
        var flaws: [Damage.Kind] = []

        init(_ database: Database, _ state: LogState, _ keys: [VerifierKey]) throws {
            origin = state.origin
            let recorded = try LogLoader(database).recordedSize(state.number)
            size = recorded.size
            if !recorded.isPlausible { flaws.append(.size) }
            let start = size / Tiling.width * Tiling.width
            tail = try TailFinding(database, state.number, start: start, end: size)
            tailMark = try BundleReader(database, RowKey.make(state.number, size / Tiling.width)).mark()
            do {
                try readCheckpoints(database, state, keys)
            } catch  where Damage.isDamage(error) {
                flaws.append(.checkpoint(reason: .malformed))
            }
        }

        private mutating func readCheckpoints(_ database: Database, _ state: LogState, _ keys: [VerifierKey]) throws {
            let note = try database.firstRow("SELECT note FROM checkpoint WHERE origin = ?", [state.number]) { try $0.bytes(0) }
            if let note { checkpoint = checked(note, keys) }
            let row = try database.firstRow("SELECT stored, note, proof FROM proving WHERE origin = ?", [state.number]) { row in
                (try row.natural(0), try row.bytes(1), try row.digests(2))
            }
            if let (stored, note, proof) = row, let checkpoint = checked(note, keys) {
                if stored <= size, let proof {
                    proving = LogProving(stored: stored, checkpoint: checkpoint, proof: proof)
                } else {
                    flaws.append(.checkpoint(reason: .provingDoesNotHold))
                }
            }
            if let checkpoint, checkpoint.size > size { flaws.append(.checkpoint(reason: .beyondStored)) }
        }

        private mutating func checked(_ note: [UInt8], _ keys: [VerifierKey]) -> SignedCheckpoint? {
            guard let form = try? SignedCheckpoint(trusted: note), form.origin == origin.line else {
                flaws.append(.checkpoint(reason: .malformed))
                return nil
            }
            guard let checkpoint = try? SignedCheckpoint(note: note, keys: keys) else {
                flaws.append(.checkpoint(reason: .signature))
                return nil
            }
            return checkpoint
        }
    }
}
