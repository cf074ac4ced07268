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
    private var report = ResyncReport()

    private static let deadlineMilliseconds: UInt64 = 20_000
    /// For links to be made and announcements to be heard after a start.
    private static let linkMilliseconds: UInt64 = 5_000

    init(_ sync: SyncService, _ options: ResyncOptions, progress: @escaping (String, UInt64, UInt64) throws -> Void) {
        self.sync = sync
        self.options = options
        self.progress = progress
    }

    private var node: Node { sync.node }

    mutating func run() throws -> ResyncReport {
        report.isDryRun = options.isDryRun
        try checkOptions()
        for state in node.log.states where options.origin == nil || options.origin == state.origin {
            if options.isFromScratch, state.origin != node.origin {
                try fetchFromScratch(state)
            } else {
                try mend(state)
            }
        }
        if options.checksStandings, !options.isDryRun, report.left.isEmpty { try mendStandings() }
        return report
    }

    private func checkOptions() throws {
        if let peer = options.peer, !sync.ask({ $0.openSessions() }).contains(where: { $0.peer == peer }) {
            throw NodeFailure(.unavailable, "no link to \(peer) is open; linked are \(sync.ask { $0.openSessions() }.map(\.peer).joined(separator: ", "))")
        }
        if let origin = options.origin, node.topology.index(ofOrigin: origin.line) == nil {
            throw NodeFailure(.invalid, "the topology lists no log \(origin)")
        }
    }

    private mutating func verify(_ origin: OriginName) throws -> LogVerification? {
        let started = steadyMilliseconds()
        let progress = progress
        let result = try node.logVerifier.verify(origin) { try progress("hashing \(origin)", $0, $1) }
        report.verifyMilliseconds += steadyMilliseconds() - started
        report.verifiedEntries += result?.mirror.size ?? 0
        return result
    }

    private mutating func mend(_ state: LogState) throws {
        guard let found = try verify(state.origin), !found.isSound else { return }
        report.damageCount += found.damageCount
        report.damages += found.damages.map(\.description)
        if options.isDryRun { return }
        try repairLocally(found.mirror)
        guard var rest = try verify(state.origin), !rest.isSound else { return try finished(state.origin) }
        for session in try awaitedPeers(of: state.origin, size: rest.mirror.size) {
            do {
                try fetch(rest.mirror, from: session)
            } catch let failure as NodeFailure {
                report.left.append("\(state.origin) from \(session.peer): \(failure.message)")
            }
            guard let again = try verify(state.origin) else { return }
            rest = again
            if rest.isSound {
                report.left.removeAll { $0.hasPrefix("\(state.origin) ") }
                return try finished(state.origin)
            }
        }
        report.left += rest.damages.prefix(100).map(\.description)
        if peers(of: state.origin, size: 1).isEmpty {
            report.left.append("\(state.origin): no linked peer holds this log; try again when one is reachable")
        }
    }

    /// What follows from a mended log: what of it could not be read at the start is folded, and integration and replica go on
    /// behind what is stored.
    private func finished(_ origin: OriginName) throws {
        let node = node
        try node.writer.exclusively {
            if let state = node.log.state(origin), state.isSound { try node.fold(state, upTo: state.size, into: node.history) }
        }
        sync.reset(origin)
        guard let state = node.log.state(origin), let held = try? node.held(state) else { return }
        sync.onCore { $0.reset(held, now: steadyMilliseconds()) }
    }

    private func peers(of origin: OriginName, size: UInt64) -> [SessionStanding] {
        let wanted = options.peer
        return sync.ask { $0.sessions(holding: origin.line, size: size) }.filter { wanted == nil || $0.peer == wanted }
    }

    /// Peers that can help, those that hold all of a log first. Right after a start links are still being made, so a while is
    /// given to them. A peer that holds less may still have what is damaged: the last entries of a city that was stopped may
    /// not have reached anybody.
    private func awaitedPeers(of origin: OriginName, size: UInt64) throws -> [SessionStanding] {
        let deadline = steadyMilliseconds() + Self.linkMilliseconds
        while peers(of: origin, size: size).isEmpty, !areAllLinked, steadyMilliseconds() < deadline {
            try progress("waiting for peers that hold \(origin)", 0, 0)
            usleepMilliseconds(20)
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
        try node.writer.write { transaction in
            for number in mirror.repairable { try transaction.repairBundle(origin, number) }
            if mirror.isTailRepairable { try transaction.repairTail(origin) }
        }
        report.repairedLocally += UInt64(mirror.repairable.count)
    }

    private mutating func mendStandings() throws {
        let damaged = try node.verify(checksStandings: true, progress: progress)
        guard damaged.damageCount == 0, !damaged.damagedSubjects.isEmpty else { return }
        report.damageCount += damaged.damagedSubjects.count
        report.damages += damaged.damagedSubjects.map { "standings of \($0)" }
        let node = node
        try node.writer.exclusively { try node.rebuildHistory() }
        report.rebuiltStandings = true
    }

    private mutating func fetchFromScratch(_ state: LogState) throws {
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
        var lastMoved = steadyMilliseconds()
        while let size = node.log.state(state.origin)?.size, size < state.checkpoint?.size ?? 0 {
            try progress("fetching \(state.origin)", size, state.size)
            if size != last {
                last = size
                lastMoved = steadyMilliseconds()
            }
            guard steadyMilliseconds() < lastMoved + 2 * Self.deadlineMilliseconds else {
                report.left.append("\(state.origin): only \(size) of \(state.size) entries arrived; they go on arriving when a peer has them")
                return
            }
            usleepMilliseconds(50)
        }
    }
}

// Fetching entry by entry.
extension Resync {
    private mutating func fetch(_ mirror: LogMirror, from session: SessionStanding) throws {
        let origin = mirror.origin
        guard let state = node.log.state(origin) else { return }
        var plan: ResyncPlan?
        var indices = mirror.damaged.indices
        if let checkpoint = state.checkpoint, checkpoint.size == mirror.size {
            var made = ResyncPlan(
                local: LocalTree(
                    size: checkpoint.size, root: checkpoint.root, bundles: mirror.bundles, tail: mirror.tail,
                    damaged: Set(indices), leafless: leafless(mirror)))
            indices = try descend(&made, origin, session)
            plan = made
        } else if !mirror.isDecided {
            throw NodeFailure(.refused, "its hashes contradict each other: run concord resync --from-scratch --origin \(origin)")
        }
        try replaceHashes(plan, origin, mirror)
        let entries = try entries(indices, origin, session)
        try write(entries, origin, plan, mirror)
    }

    /// Bundles with damage whose stored leaf hashes are not those under their root.
    private func leafless(_ mirror: LogMirror) -> Set<UInt64> {
        var numbers: Set<UInt64> = []
        for number in mirror.damaged.bundleNumbers where number < UInt64(mirror.bundles.count) {
            guard let root = mirror.bundles[Int(number)] else { continue }
            let bytes = try? node.log.tile(mirror.origin, level: 0, number: number, width: Int(Tiling.width))
            guard var hashes = bytes.flatMap(tileHashes), hashes.count == Int(Tiling.width), perfectRoot(&hashes) == root else {
                numbers.insert(number)
                continue
            }
        }
        return numbers
    }

    /// Follows the plan down to the entries, asking for tiles where the own hashes do not lead to the signed root.
    private mutating func descend(_ plan: inout ResyncPlan, _ origin: OriginName, _ session: SessionStanding) throws -> [UInt64] {
        var step = plan.start()
        let node = node
        while true {
            switch step {
            case .entries(let indices): return indices
            case .contradicted:
                throw NodeFailure(.refused, "its tiles do not lead to the signed root")
            case .tiles(let coordinates):
                let request = RepairRequest.tiles(origin: origin.line, size: plan.local.size, tiles: coordinates)
                guard case .tiles(let answer)? = try ask(request, session) else {
                    throw NodeFailure(.unavailable, "it gives no tiles of this log")
                }
                step = try plan.received(answer.tiles) { try node.log.leavesFromEntries(origin, bundle: $0) }
            }
        }
    }

    private mutating func ask(_ request: RepairRequest, _ session: SessionStanding) throws -> Message? {
        let repairs = sync.convergence.repairs
        let number = sync.ask { replica in
            let number = replica.askForRepair(request, of: session.identifier)
            if let number { repairs.expect(UInt64(number)) }
            return number
        }
        guard let number else { throw NodeFailure(.unavailable, "the link ended") }
        defer { repairs.forget(UInt64(number)) }
        let answers = repairs.wait(UInt64(number), deadline: steadyMilliseconds() + Self.deadlineMilliseconds) { !$0.isEmpty }
        report.roundTrips += 1
        report.requestBytes += request.byteCount
        report.fetchedBytes += answers.first?.payload.reduce(5) { $0 + $1.count } ?? 0
        return answers.first
    }

    /// Fetches entries in batches; those that a peer leaves out are left out.
    private mutating func entries(
        _ indices: [UInt64], _ origin: OriginName, _ session: SessionStanding
    ) throws -> [UInt64: StoredEntry] {
        var entries: [UInt64: StoredEntry] = [:]
        var rest = indices[...]
        while !rest.isEmpty {
            let batch = Array(rest.prefix(Limits.entriesPerPull))
            guard case .entries(let answer)? = try ask(.entries(origin: origin.line, indices: batch), session) else { break }
            for item in answer.items where batch.contains(item.index) {
                entries[item.index] = StoredEntry(entry: item.entry, body: item.body)
                report.missingBytes += item.entry.count + item.body.count
            }
            guard answer.isPartial, let last = answer.items.last?.index else {
                rest = rest.dropFirst(batch.count)
                continue
            }
            rest = rest.drop { $0 <= last }
            try progress("fetching entries of \(origin)", UInt64(entries.count), UInt64(indices.count))
        }
        return entries
    }

    private func replaceHashes(_ plan: ResyncPlan?, _ origin: OriginName, _ mirror: LogMirror) throws {
        guard let plan, !plan.leaves.isEmpty else { return }
        let bundles = mirror.size / Tiling.width
        let proven = plan.leaves.filter { $0.key < bundles }
        guard !proven.isEmpty else { return }
        try node.writer.write { transaction in
            for number in proven.keys.sorted() { try transaction.replaceTile(origin, number, proven[number] ?? []) }
        }
    }

    /// Writes what was fetched, bundle by bundle; the tail as a whole where its hashes had to be fetched too.
    private mutating func write(
        _ entries: [UInt64: StoredEntry], _ origin: OriginName, _ plan: ResyncPlan?, _ mirror: LogMirror
    ) throws {
        let bundles = mirror.size / Tiling.width
        var inBundles = entries.filter { $0.key / Tiling.width < bundles }
        if let tail = plan?.leaves[bundles] {
            try restoreTail(entries, origin, tail, start: bundles * Tiling.width)
        } else {
            inBundles = entries
        }
        // A bundle that still lacks an entry must not keep the others from being mended.
        for number in Set(inBundles.keys.map { $0 / Tiling.width }).sorted() {
            let part = inBundles.filter { $0.key / Tiling.width == number }
            do {
                try node.writer.write { try $0.replaceEntries(origin, part) }
                report.repairedEntries += UInt64(part.count)
            } catch let failure as NodeFailure where failure.code == .storage {
                report.left.append("\(origin) bundle \(number): \(failure.message)")
            }
        }
        if let state = node.log.state(origin) {
            try node.foldLate(origin, entries.keys.sorted().filter { $0 < state.size })
        }
    }

    private mutating func restoreTail(
        _ entries: [UInt64: StoredEntry], _ origin: OriginName, _ leaves: [Digest], start: UInt64
    ) throws {
        let own = try node.log.entriesOfTail(origin)
        var builder = PackedEntriesBuilder()
        for (offset, leaf) in leaves.enumerated() {
            let index = start + UInt64(offset)
            guard let entry = entries[index] ?? own[index], leafHash(entry.entry) == leaf else {
                throw NodeFailure(.unavailable, "the entry \(index) is not to be had")
            }
            builder.append(entry: entry.entry, body: entry.body)
            if entries[index] != nil { report.repairedEntries += 1 }
        }
        let items = builder.finish()
        try node.writer.write { try $0.restoreTail(origin, items, leafHashes: leaves) }
    }
}

extension RepairRequest {
    /// Bytes of the frame that asks.
    var byteCount: Int {
        switch self {
        case .entries(let origin, let indices): 12 + origin.count + 8 * indices.count
        case .tiles(let origin, _, let tiles): 20 + origin.count + 9 * tiles.count
        }
    }
}
