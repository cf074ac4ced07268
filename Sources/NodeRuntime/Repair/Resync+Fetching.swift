internal import Cryptography
internal import Federation
internal import Foundation
internal import Replication
internal import Storage
internal import SyncProtocol
internal import TransparencyLog

// Fetching entry by entry.
extension Resync {
    mutating func fetch(_ mirror: LogMirror, from session: SessionStanding) throws {
        let origin = mirror.origin
        guard let state = node.log.state(origin) else { return }
        var plan: ResyncPlan?
        var indices = mirror.damaged.indices
        if let anchor = anchor(state, mirror.size) {
            var made = ResyncPlan(
                local: LocalTree(
                    size: mirror.size, anchor: anchor, bundles: mirror.bundles, tail: mirror.tail,
                    damaged: Set(indices), leafless: leafless(mirror)))
            indices = try descend(&made, origin, session)
            plan = made
        } else if !mirror.isDecided {
            throw NodeFailure(
                .refused, "its hashes contradict each other: run concord resync --from-scratch --origin \(origin)")
        }
        try replaceHashes(plan, origin, mirror)
        // Where much is damaged, not all of it at once: it is held in memory until it is written.
        var rest = indices[...]
        repeat {
            let bundle = rest.dropFirst(Self.entriesInMemory).first.map { $0 / Tiling.width } ?? .max
            let part = rest.prefix { $0 / Tiling.width < bundle }
            rest = rest.dropFirst(part.count)
            let entries = try entries(Array(part), origin, session)
            try write(entries, origin, plan, mirror)
        } while !rest.isEmpty
    }

    private static let entriesInMemory = 65_536

    /// What the origin signed about the stored entries: a checkpoint of just them, or a later one and the proof that leads to
    /// it; nil where they are not signed yet.
    private func anchor(_ state: LogState, _ size: UInt64) -> LocalTree.Anchor? {
        if let checkpoint = state.checkpoint, checkpoint.size == size {
            return LocalTree.Anchor(size: size, root: checkpoint.root)
        }
        guard let proving = state.proving, proving.stored == size else { return nil }
        return LocalTree.Anchor(size: proving.checkpoint.size, root: proving.checkpoint.root, path: proving.proof)
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
    private mutating func descend(_ plan: inout ResyncPlan, _ origin: OriginName, _ session: SessionStanding) throws -> [UInt64]
    {
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
        let answers = repairs.wait(UInt64(number), deadline: node.steadyMilliseconds + Self.deadlineMilliseconds) {
            !$0.isEmpty
        }
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
            let next = rest.drop { $0 <= last }
            // A peer that goes on answering beside the question must not hold the resync up for ever.
            guard next.count < rest.count else { break }
            rest = next
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
        if let tail = plan?.leaves[bundles], entries.keys.contains(where: { $0 / Tiling.width >= bundles }) {
            try restoreTail(entries, origin, tail, start: bundles * Tiling.width)
        } else {
            inBundles = entries
        }
        // A bundle that still lacks an entry must not keep the others from being mended.
        var parts: [UInt64: [UInt64: StoredEntry]] = [:]
        for (index, entry) in inBundles { parts[index / Tiling.width, default: [:]][index] = entry }
        for number in parts.keys.sorted() {
            let part = parts[number] ?? [:]
            let leaves = Self.leaves(of: part, under: number < bundles ? mirror.bundles[Int(number)] : nil)
            do {
                try node.writer.write { transaction in
                    if let leaves { try transaction.replaceTile(origin, number, leaves) }
                    try transaction.replaceEntries(origin, part)
                    // They count when they are folded.
                    try transaction.holdBodies(origin, Self.withBodies(part))
                }
                report.repairedEntries += UInt64(part.count)
            } catch let failure as NodeFailure where failure.code == .storage {
                report.left.append("\(origin) bundle \(number): \(failure.message)")
            }
        }
        if let state = node.log.state(origin) {
            try node.foldLate(origin, stored(entries.keys.filter { $0 < state.size }, origin))
        }
        let bodies = Self.withBodies(entries)
        try node.writer.write { try $0.countBodies(origin, bodies) }
    }

    private static func withBodies(_ entries: [UInt64: StoredEntry]) -> [UInt64] {
        entries.filter { !$0.value.body.isEmpty }.keys.sorted()
    }

    /// Entries as they are stored now, those that follow on each other together.
    private func stored(_ indices: [UInt64], _ origin: OriginName) throws -> [(first: UInt64, entries: PackedEntries)] {
        var runs: [Range<UInt64>] = []
        for index in indices.sorted() {
            if let last = runs.last, last.upperBound == index {
                runs[runs.count - 1] = last.lowerBound..<(index + 1)
            } else {
                runs.append(index..<(index + 1))
            }
        }
        var pieces: [(first: UInt64, entries: PackedEntries)] = []
        for run in runs {
            var first = run.lowerBound
            for entries in try node.log.packed(origin, run, showsHidden: true) {
                pieces.append((first, entries))
                first += UInt64(entries.count)
            }
        }
        return pieces
    }

    /// The leaf hashes of a bundle that was fetched as a whole, where they are those under its root: its own may be gone.
    private static func leaves(of entries: [UInt64: StoredEntry], under root: Digest?) -> [Digest]? {
        guard let root, entries.count == Int(Tiling.width) else { return nil }
        let leaves = entries.keys.sorted().compactMap { entries[$0].map { leafHash($0.entry) } }
        var scratch = leaves
        return perfectRoot(&scratch) == root ? leaves : nil
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
        let fetched = Self.withBodies(entries).filter { $0 >= start }
        try node.writer.write { transaction in
            try transaction.restoreTail(origin, items, leafHashes: leaves)
            try transaction.holdBodies(origin, fetched)
        }
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
