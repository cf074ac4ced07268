internal import Cryptography
internal import Federation
internal import Scoring
internal import Storage

/// What entries of one log that follow on each other leave for the history.
struct FoldedEntries: Sendable {
    /// The one whose numbers it uses.
    let history: HistoryStore
    fileprivate(set) var batch = HistoryBatch()
    /// Latest hybrid time seen in the entries.
    fileprivate(set) var latestTime: UInt64 = 0
    /// Entries that cannot be read: of a kind or version that this release does not know, or malformed. They are kept, and not
    /// scored. An entry whose body is not here is none of them, as long as its kind is known.
    fileprivate(set) var unreadable: UInt64 = 0
    /// Subjects of the withdrawals among them.
    fileprivate(set) var withdrawn: [SubjectID] = []

    fileprivate init(history: HistoryStore) { self.history = history }
}

/// Turns entries into what the history keeps of them. Works in place on the packed bytes: it runs for every event that arrives.
struct EntryFolding {
    private var factors: HistoryFactorNumbers
    private(set) var folded: FoldedEntries

    var history: HistoryStore { folded.history }

    init(history: HistoryStore) {
        folded = FoldedEntries(history: history)
        factors = HistoryFactorNumbers(history)
    }

    /// What was added is forgotten, and its memory used again.
    mutating func begin(origin: UInt32, first: UInt64) {
        folded.batch.reset(origin: origin, first: first)
        folded.latestTime = 0
        folded.unreadable = 0
        folded.withdrawn.removeAll(keepingCapacity: true)
    }

    /// Gives what was added away, for somebody who keeps it.
    mutating func take() -> FoldedEntries {
        defer { folded = FoldedEntries(history: history) }
        return folded
    }

    /// Passes over entries that are not to be read, up to an index.
    mutating func skip(to end: UInt64) { folded.batch.advance(to: end) }

    /// Begins anew with runs of entries that follow on each other; `hashes` are the leaf hashes of all of them.
    mutating func fold(_ pieces: [PackedEntries], origin: UInt32, first: UInt64, hashes: [Digest]) {
        begin(origin: origin, first: first)
        var offset = 0
        for piece in pieces {
            add(piece, first: first + UInt64(offset), hashes: hashes[offset..<(offset + piece.count)])
            offset += piece.count
        }
    }

    /// Adds a run of entries that follows on what was added; `hashes` are their leaf hashes.
    mutating func add(_ packed: PackedEntries, first: UInt64, hashes: ArraySlice<Digest>) {
        packed.forEach { offset, item in
            let index = first + UInt64(offset)
            let kind = item.bytes.count >= Entry.headerBytes && item.bytes[0] == Entry.version ? item.bytes[1] : 0
            if item.isVerbatim {
                addVerbatim(item, kind, index)
                return
            }
            let time = (0..<8).reduce(UInt64(0)) { $0 << 8 | UInt64(item.bytes[2 + $1]) }
            folded.latestTime = max(folded.latestTime, time)
            let isRead =
                kind == EventKind.observation.rawValue
                ? addObservation(item.body, index, hashes[hashes.startIndex + offset]) : addOther(item, kind, index)
            if !isRead { folded.unreadable += 1 }
        }
        folded.batch.advance(to: first + UInt64(packed.count))
    }

    /// An entry without a body: an erasure, one whose body is missing, or one that a later version may understand.
    private mutating func addVerbatim(_ item: PackedItem, _ kind: UInt8, _ index: UInt64) {
        if item.lacksBody, EventKind(rawValue: kind) != nil { return }
        guard let entry = try? Entry(decoding: Array(item.bytes)), case .erasure(let target, _) = entry.content else {
            folded.unreadable += 1
            return
        }
        folded.latestTime = max(folded.latestTime, entry.recordedAt)
        folded.batch.appendErasure(index: index, targetOrigin: number(target), targetIndex: target.index)
    }

    /// The common case, read without copying; whatever does not decode leaves nothing, and false is given.
    private mutating func addObservation(_ body: UnsafeRawBufferPointer, _ index: UInt64, _ leaf: Digest) -> Bool {
        // salt 16, day 4, subject 16, factor 1 + n, quantity 4, reference 1 + n, extensions 2 + n
        guard body.count >= 37 else { return false }
        let factorCount = Int(body[36])
        let quantityAt = 37 + factorCount
        guard (1...Body.maximumFactor).contains(factorCount), body.count >= quantityAt + 5 else {
            return false
        }
        let quantity = Int32(bitPattern: word(body, quantityAt))
        let referenceCount = Int(body[quantityAt + 4])
        let referenceAt = quantityAt + 5
        guard quantity >= 1, referenceCount <= Body.maximumReference, body.count >= referenceAt + referenceCount + 2 else {
            return false
        }
        let extensionsAt = referenceAt + referenceCount
        let extensions = Int(body[extensionsAt]) << 8 | Int(body[extensionsAt + 1])
        guard extensions <= Body.maximumExtensions, body.count == extensionsAt + 2 + extensions else {
            return false
        }
        let factor = UnsafeRawBufferPointer(rebasing: body[37..<quantityAt])
        guard isASCII(factor) || isUTF8Slow(factor) else { return false }
        let record = HistoryRecord(
            origin: folded.batch.origin, index: index, kind: EventKind.observation.rawValue, day: word(body, 16),
            factor: factors.number(factor), quantity: quantity, leafPrefix: leaf.prefix,
            referenceCount: UInt32(referenceCount))
        let subject = SubjectID(
            high: UInt64(word(body, 20)) << 32 | UInt64(word(body, 24)),
            low: UInt64(word(body, 28)) << 32 | UInt64(word(body, 32)))
        folded.batch.append(
            record, about: subject, reference: UnsafeRawBufferPointer(rebasing: body[referenceAt..<extensionsAt]))
        return true
    }

    @inline(__always)
    private func word(_ bytes: UnsafeRawBufferPointer, _ offset: Int) -> UInt32 {
        UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    @inline(__always)
    private func isASCII(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var bits: UInt8 = 0
        for byte in bytes { bits |= byte }
        return bits < 0x80
    }

    private func isUTF8Slow(_ bytes: UnsafeRawBufferPointer) -> Bool {
        String(validating: bytes, as: UTF8.self) != nil
    }

    private mutating func addOther(_ item: PackedItem, _ kind: UInt8, _ index: UInt64) -> Bool {
        guard let known = EventKind(rawValue: kind), let body = try? Body(decoding: Array(item.body), kind: known) else {
            return false
        }
        var record = HistoryRecord(origin: folded.batch.origin, index: index, kind: kind, day: body.day)
        switch body.content {
        case .observation, .enrolment, .withdrawal: break
        case .retraction(let target, _), .appeal(let target, _): name(target, &record)
        case .ruling(let target, let verdict, _):
            record.verdict = verdict.rawValue
            name(target, &record)
        }
        if known == .withdrawal { folded.withdrawn.append(body.subject) }
        folded.batch.append(record, about: body.subject)
        return true
    }

    private func name(_ target: Position, _ record: inout HistoryRecord) {
        record.targetOrigin = number(target)
        record.targetIndex = target.index
    }

    private func number(_ target: Position) -> UInt32 {
        target.origin.withUnsafeBytes { history.targetOriginNumber($0) }
    }
}
