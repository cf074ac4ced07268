internal import Cryptography
internal import Federation
internal import TransparencyLog

/// Gathers what verifying finds, bundle by bundle, and at the end holds the whole against the signed roots.
struct LogScan {
    private(set) var damages: [Damage] = []
    private(set) var damageCount = 0
    private(set) var mirror: LogMirror
    private var areMarksDamaged = false
    /// Leaf hashes of the bundles in which a signed size ends.
    private var partial: [UInt64: [Digest]] = [:]

    init(origin: OriginName, size: UInt64) {
        mirror = LogMirror(origin: origin, size: size)
        mirror.bundles.reserveCapacity(Int(size / Tiling.width))
    }

    private mutating func report(_ kind: Damage.Kind) {
        damageCount += 1
        if damages.count < Damage.maximumListed { damages.append(Damage(origin: mirror.origin, kind: kind)) }
    }

    mutating func marks(of opening: LogVerifier.Opening) {
        for flaw in opening.flaws { report(flaw) }
        if opening.tail.isFileDamaged { mirror.isFileDamaged = true }
    }

    mutating func markFileDamaged() { mirror.isFileDamaged = true }

    mutating func add(_ number: UInt64, _ finding: BundleFinding, _ mark: BundleBits?, _ opening: LogVerifier.Opening) {
        mirror.bundles.append(finding.hash)
        for size in [opening.checkpoint?.size, opening.proving?.stored] where size.map({ $0 / Tiling.width }) == number {
            partial[number] = finding.leaves
        }
        let wrongMarks = mark.map(finding.wrongMarks)
        for index in wrongMarks ?? [] { report(.missingMark(index: number << 8 | UInt64(index))) }
        if wrongMarks == nil { reportMarks() }
        if finding.isSound {
            if wrongMarks != [] { mirror.repairable.append(number) }
            return
        }

        if finding.hash == nil {
            mirror.candidates[number] = finding.candidates
            report(finding.candidates.isEmpty ? .bundleMissing(number: number) : .bundleUndecided(number: number))
        } else if finding.leaves == nil {
            report(.bundleMissing(number: number))
        } else {
            if finding.isTileDamaged { report(.tile(number: number)) }
            if finding.isRootDamaged { report(.bundleRoot(number: number)) }
            if finding.isFramingDamaged { report(.framing(number: number)) }
        }
        if finding.isRepairable { mirror.repairable.append(number) }
        for index in finding.damaged.indices {
            let position = number << 8 | UInt64(index)
            mirror.damaged.insert(position)
            if finding.leaves != nil {
                report(.entry(index: position, finding.mismatched[index] ? .hashMismatch : .unreadable))
            }
        }
    }

    /// Marks that cannot be read are told of once.
    private mutating func reportMarks() {
        if !areMarksDamaged { report(.marks) }
        areMarksDamaged = true
    }

    // MARK: Tail and roots

    mutating func finish(_ opening: LogVerifier.Opening, mustBeProven: Bool) {
        var isMarkWrong = opening.tailMark == nil
        if isMarkWrong { reportMarks() }
        let items = opening.tail.items
        let hasContested = items.contains(where: \.isContested)
        let byHash = items.map(\.best)
        let byEntry = items.map { $0.computed ?? $0.stored }
        let isHashProven = hasContested && isProven(byHash, opening) == true
        let isEntryProven = hasContested && !isHashProven && isProven(byEntry, opening) == true
        let covered = max(opening.checkpoint?.size ?? 0, opening.proving?.stored ?? 0)
        for (offset, item) in items.enumerated() {
            let index = opening.tail.start + UInt64(offset)
            let isDecided = index < covered && (isHashProven || isEntryProven)
            addTail(item, index, isEntryGood: isEntryProven, isDecided: isDecided)
            if let mark = opening.tailMark, let entry = item.entry, entry.isMarkedWrong(mark[offset]) {
                isMarkWrong = true
                report(.missingMark(index: index))
            }
        }
        reportGaps(items, opening.tail.start)
        if opening.tail.isFramingDamaged { report(.framing(number: opening.tail.start / Tiling.width)) }
        mirror.isTailRepairable =
            damagedTail(opening).isEmpty
            && (hasContested || opening.tail.isFramingDamaged || isMarkWrong || items.contains { $0.stored == nil })
        if isProven(mirror.tail, opening) == false { report(.rootMismatch) }
        if mustBeProven, covered < opening.size {
            mirror.unprovenFrom = covered
            report(.unproven(from: covered))
        }
    }

    private mutating func addTail(
        _ item: TailFinding.Item, _ index: UInt64, isEntryGood: Bool, isDecided: Bool
    ) {
        guard item.isContested else {
            mirror.tail.append(item.best)
            if item.entry == nil {
                mirror.damaged.insert(index)
                if item.isPresent { report(.entry(index: index, .unreadable)) }
            } else if item.stored == nil {
                report(.tailHash(index: index))
            }
            return
        }
        if isDecided, isEntryGood {
            mirror.tail.append(item.computed)
            report(.tailHash(index: index))
        } else {
            mirror.tail.append(isDecided ? item.stored : nil)
            mirror.damaged.insert(index)
            report(.entry(index: index, .hashMismatch))
        }
    }

    private func damagedTail(_ opening: LogVerifier.Opening) -> [UInt64] {
        opening.tail.items.indices.map { opening.tail.start + UInt64($0) }.filter { mirror.damaged.contains($0) }
    }

    private mutating func reportGaps(_ items: [TailFinding.Item], _ start: UInt64) {
        var offset = 0
        while offset < items.count {
            var end = offset
            while end < items.count, !items[end].isPresent { end += 1 }
            if end > offset { report(.tailMissing(from: start + UInt64(offset), to: start + UInt64(end))) }
            offset = max(end, offset + 1)
        }
    }

    /// Whether the log with this tail has the roots that its origin signed; nil where that cannot be told.
    private func isProven(_ tail: [Digest?], _ opening: LogVerifier.Opening) -> Bool? {
        var result: Bool?
        if let checkpoint = opening.checkpoint, checkpoint.size <= opening.size, let root = root(at: checkpoint.size, tail) {
            guard root == checkpoint.root else { return false }
            result = true
        }
        if let proving = opening.proving, let root = root(at: proving.stored, tail) {
            guard proving.holds(for: root) else { return false }
            result = true
        }
        return result
    }

    private func root(at size: UInt64, _ tail: [Digest?]) -> Digest? {
        var range = CompactRange()
        let full = size / Tiling.width
        for bundle in mirror.bundles.prefix(Int(full)) {
            guard let bundle else { return nil }
            range.append(bundle, level: Tiling.height)
        }
        let rest = Int(size % Tiling.width)
        let leaves: [Digest?] = full < UInt64(mirror.bundles.count) ? (partial[full] ?? []) : tail
        guard rest <= leaves.count else { return nil }
        for leaf in leaves.prefix(rest) {
            guard let leaf else { return nil }
            range.append(leaf)
        }
        return range.root
    }
}
