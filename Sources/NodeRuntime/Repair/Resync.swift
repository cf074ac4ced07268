internal import Cryptography
package import Federation
internal import Foundation
internal import Replication
internal import Storage
internal import SyncProtocol
internal import TransparencyLog

/// What a resync found, fetched and mended.
package struct ResyncReport: Sendable {
    package var damages: [String] = []
    package var damageCount = 0
    package var repairedEntries: UInt64 = 0
    package var repairedLocally: UInt64 = 0
    /// Bytes of answers that peers gave, and of the requests.
    package var fetchedBytes = 0
    package var requestBytes = 0
    package var roundTrips = 0
    /// Bytes of the entries and bodies that were missing.
    package var missingBytes = 0
    package var verifiedEntries: UInt64 = 0
    package var verifyMilliseconds: UInt64 = 0
    /// What could not be mended, and why.
    package var left: [String] = []
    package var rebuiltStandings = false
    package var isDryRun = false

    package var isWhole: Bool { left.isEmpty }
}

package struct ResyncOptions: Sendable {
    package var peer: String?
    package var origin: OriginName?
    package var isDryRun = false
    package var isFromScratch = false
    package var checksStandings = true

    package init() {}
}

/// Mends the logs of a running node with its peers' help.
struct Resync {
    let sync: SyncService
    let options: ResyncOptions
    let progress: (String, UInt64, UInt64) throws -> Void
    var report = ResyncReport()

    static let deadlineMilliseconds: UInt64 = 20_000
    /// For links to be made and announcements to be heard after a start.
    private static let linkMilliseconds: UInt64 = 5_000

    init(_ sync: SyncService, _ options: ResyncOptions, progress: @escaping (String, UInt64, UInt64) throws -> Void) {
        self.sync = sync
        self.options = options
        self.progress = progress
    }

    var node: Node { sync.node }

    mutating func run() throws -> ResyncReport {
        report.isDryRun = options.isDryRun
        try checkOptions()
        for state in node.log.states where options.origin == nil || options.origin == state.origin {
            do {
                if options.isFromScratch, state.origin != node.origin {
                    try fetchFromScratch(state)
                } else {
                    try mend(state)
                }
            } catch let failure as NodeFailure where failure.code == .storage {
                report.left.append("\(state.origin): \(failure.message)")
            } catch let failure as StoreFailure where failure.code == .corrupt {
                report.left.append("\(state.origin): \(failure)")
            }
        }
        try mendRecords()
        if options.checksStandings, !options.isDryRun, report.left.isEmpty { try mendStandings() }
        return report
    }

    private func checkOptions() throws {
        if let peer = options.peer, !sync.ask({ $0.openSessions() }).contains(where: { $0.peer == peer }) {
            throw NodeFailure(
                .unavailable,
                "no link to \(peer) is open; linked are \(sync.ask { $0.openSessions() }.map(\.peer).joined(separator: ", "))")
        }
        if let origin = options.origin, node.topology.index(ofOrigin: origin.line) == nil {
            throw NodeFailure(.invalid, "the topology lists no log \(origin)")
        }
    }

    private mutating func verify(_ origin: OriginName) throws -> LogVerification? {
        let started = node.steadyMilliseconds
        let progress = progress
        let result = try node.logVerifier.verify(origin) { try progress("hashing \(origin)", $0, $1) }
        report.verifyMilliseconds += node.steadyMilliseconds - started
        report.verifiedEntries += result?.mirror.size ?? 0
        return result
    }

    private mutating func mend(_ state: LogState) throws {
        guard let found = try verify(state.origin), !found.isSound else { return }
        report.damageCount += found.damageCount
        report.damages += found.damages.map(\.description)
        if options.isDryRun { return }
        try forgetDamagedSignatures(found)
        try setSizeRight(state.origin)
        try repairLocally(found.mirror)
        guard var rest = try dropUnproven(verify(state.origin)), !rest.isSound else { return try finished(state.origin) }
        for session in try awaitedPeers(of: state.origin, size: rest.mirror.size) {
            do {
                try fetch(rest.mirror, from: session)
            } catch let failure as NodeFailure {
                report.left.append("\(state.origin) from \(session.peer): \(failure.message)")
            }
            guard var again = try verify(state.origin) else { return }
            if !again.isSound {
                // What was fetched may have made more repairable from what is stored.
                try repairLocally(again.mirror)
                again = try dropUnproven(verify(state.origin)) ?? again
            }
            rest = again
            if rest.isSound {
                report.left.removeAll { $0.hasPrefix("\(state.origin) ") }
                return try finished(state.origin)
            }
        }
        report.left += rest.damages.prefix(100).map(\.description)
        if state.origin == node.origin { report.left.append(ownRescueAdvice) }
        if peers(of: state.origin, size: 1).isEmpty {
            report.left.append("\(state.origin): no linked peer holds this log; try again when one is reachable")
        }
    }

    /// What the own log has lost and no peer ever got nobody can give back; what is left of it can be kept.
    private var ownRescueAdvice: String {
        "\(node.origin) is this node's own log, and no linked peer has what is damaged of it: where none ever got it, stop the node, run concord rescue --data \(node.folder.path), and start it: what can be read is recorded anew behind what peers hold"
    }

    /// A checkpoint or proof that is damaged itself, or covers what is not stored any more, goes: the own one is signed again, as
    /// soon as what it covers is there, and of another's log what it proved comes again with a new one.
    private func forgetDamagedSignatures(_ found: LogVerification) throws {
        let isDamaged = found.damages.contains { damage in
            switch damage.kind {
            case .checkpoint(.malformed), .checkpoint(.signature), .checkpoint(.provingDoesNotHold): true
            case .checkpoint(.beyondStored): true
            default: false
            }
        }
        guard isDamaged else { return }
        let origin = found.mirror.origin
        // The own one tells what has to come back before anything is signed again: the small file and the replica know it too.
        let lost = node.log.state(origin).flatMap { $0.checkpoint?.size ?? 0 > $0.size ? $0.checkpoint : nil }
        if origin == node.origin, let lost {
            node.writer.withdrawConfirmation()
            node.published.write(lost)
            node.published.sync()
        }
        try node.writer.write { try $0.forgetSignatures(origin) }
        guard origin == node.origin else { return }
        if lost == nil { _ = try node.record([]) }
    }

    /// The recorded size of a log may be what is damaged: its rows reach farther, or, in another's log, just as far as what was
    /// signed proves. Where more was signed the end of the log is lost, and is fetched.
    private func setSizeRight(_ origin: OriginName) throws {
        guard let state = node.log.state(origin), state.size != state.recordedSize,
            state.size > state.recordedSize || (origin != node.origin && state.size == state.signedSize)
        else { return }
        try node.writer.write { try $0.repairSize(origin) }
    }

    /// Where all that is wrong with a log is that its end is not proven, the end is dropped: it comes again from a peer, with
    /// what proves it.
    private mutating func dropUnproven(_ found: LogVerification?) throws -> LogVerification? {
        guard let found, found.damageCount == 1, let from = found.mirror.unprovenFrom else { return found }
        let origin = found.mirror.origin
        let node = node
        try node.writer.write { try $0.truncate(origin, to: from) }
        try node.writer.exclusively { try node.rebuildHistory() }
        report.rebuiltStandings = true
        return try verify(origin)
    }

    /// What follows from a mended log: what of it could not be read at the start is folded, and integration and replica go on
    /// behind what is stored.
    private func finished(_ origin: OriginName) throws {
        let node = node
        try node.writer.exclusively {
            if let state = node.log.state(origin), state.isSound { node.writer.eraseOwn(try node.catchUpHistory(of: state)) }
            // What a damaged mark had count as missing; where that fails it is folded at the next start.
            try? node.foldStoredBodies()
        }
        sync.reset(origin)
        guard let state = node.log.state(origin), let held = try? node.held(state) else { return }
        sync.onCore { [node] in $0.reset(held, now: node.steadyMilliseconds) }
    }

    private func peers(of origin: OriginName, size: UInt64) -> [SessionStanding] {
        let wanted = options.peer
        return sync.ask { $0.sessions(holding: origin.line, size: size) }.filter { wanted == nil || $0.peer == wanted }
    }

    /// Peers that can help, those that hold all of a log first. Right after a start links are still being made, so a while is
    /// given to them. A peer that holds less may still have what is damaged: the last entries of a city that was stopped may
    /// not have reached anybody.
    private func awaitedPeers(of origin: OriginName, size: UInt64) throws -> [SessionStanding] {
        let deadline = node.steadyMilliseconds + Self.linkMilliseconds
        while peers(of: origin, size: size).isEmpty, !areAllLinked, node.steadyMilliseconds < deadline {
            try progress("waiting for peers that hold \(origin)", 0, 0)
            node.environment.pause(20)
        }
        let whole = peers(of: origin, size: size)
        return whole + peers(of: origin, size: 1).filter { partial in !whole.contains { $0.identifier == partial.identifier } }
    }

    private var areAllLinked: Bool {
        let linked = Set(sync.ask { $0.openSessions() }.map(\.peer))
        return node.topology.nodes.indices.allSatisfy {
            $0 == node.index || !node.topology.areLinked(node.index, $0) || linked.contains(node.topology.nodes[$0].name)
        }
    }

    /// Hashes that entries give back, and framing that hashes give back.
    private mutating func repairLocally(_ mirror: LogMirror) throws {
        guard !mirror.repairable.isEmpty || mirror.isTailRepairable else { return }
        let origin = mirror.origin
        do {
            try node.writer.write { try $0.repairFromItself(mirror) }
        } catch let failure as NodeFailure where mirror.isFileDamaged {
            report.left.append("\(origin): \(failure.message)")
            return
        }
        report.repairedLocally += UInt64(mirror.repairable.count)
    }

    /// Cuts and attestations that are damaged go: the next convergence makes new ones. What SQLite cannot write to is not mended
    /// here.
    private mutating func mendRecords() throws {
        let node = node
        let records = try node.log.damagedRecords(keys: node.topology.keys)
        let structure = try node.log.structuralDamages()
        report.damageCount += records.count + structure.count
        report.damages += records.map(\.description) + structure
        if options.isDryRun { return }
        if structure.isEmpty, !records.isEmpty {
            try node.writer.write { transaction in for record in records { try transaction.remove(record) } }
        }
        // What the store does not take or give is for the file, not for a peer.
        if !structure.isEmpty || report.left.contains(where: { $0.contains("SQLite error 11") }) {
            report.left.append(node.rescueAdvice)
        }
    }

    private mutating func mendStandings() throws {
        let damaged = try node.verify(checksStandings: true, progress: progress)
        guard damaged.isHistoryDamaged || (damaged.damageCount == 0 && !damaged.damagedSubjects.isEmpty) else { return }
        report.damageCount += damaged.damageCount + damaged.damagedSubjects.count
        report.damages += damaged.damages + damaged.damagedSubjects.map { "standings of \($0)" }
        let node = node
        try node.writer.exclusively { try node.rebuildHistory() }
        report.rebuiltStandings = true
    }

    private mutating func fetchFromScratch(_ state: LogState) throws {
        guard !state.isForked || state.decision != nil else {
            report.left.append(
                "\(state.origin): it is forked and undecided, so that nothing of it is taken: nothing was dropped")
            return
        }
        guard !peers(of: state.origin, size: state.checkpoint?.size ?? 0).isEmpty else {
            report.left.append("\(state.origin): no linked peer holds all of this log: nothing was dropped")
            return
        }
        if options.isDryRun { return }
        let origin = state.origin
        try node.writer.write { try $0.clear(origin) }
        try finished(origin)
        try wait(for: state)
        report.repairedEntries += state.size
    }

    private mutating func wait(for state: LogState) throws {
        var last: UInt64 = 0
        var lastMoved = node.steadyMilliseconds
        while let size = node.log.state(state.origin)?.size, size < state.checkpoint?.size ?? 0 {
            try progress("fetching \(state.origin)", size, state.size)
            if size != last {
                last = size
                lastMoved = node.steadyMilliseconds
            }
            guard node.steadyMilliseconds < lastMoved + 2 * Self.deadlineMilliseconds else {
                report.left.append(
                    "\(state.origin): only \(size) of \(state.size) entries arrived; they go on arriving when a peer has them")
                return
            }
            node.environment.pause(50)
        }
    }
}
