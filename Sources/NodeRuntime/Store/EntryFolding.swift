internal import Cryptography
internal import Federation
internal import Scoring
internal import Storage

/// Turns stored entries into what the history keeps of them. Works in place on the packed bytes: it runs for every event
/// that arrives.
struct EntryFolding {
    private let history: HistoryStore
    private var factors: HistoryFactorNumbers
    private(set) var batch = HistoryBatch()
    /// Latest hybrid time seen in the entries of the batch.
    private(set) var latestTime: UInt64 = 0
    /// Entries of the batch that cannot be read: of a kind or version that this release does not know, or malformed. They are
    /// kept, and not scored. An entry whose body is not here is none of them, as long as its kind is known.
    private(set) var unreadable: UInt64 = 0
    /// Subjects of the withdrawals in the batch.
    private(set) var withdrawn: [SubjectID] = []

    init(history: HistoryStore) {
        self.history = history
        factors = HistoryFactorNumbers(history)
    }

    mutating func begin(origin: UInt32, first: UInt64) {
        batch.reset(origin: origin, first: first)
        latestTime = 0
        unreadable = 0
        withdrawn.removeAll(keepingCapacity: true)
    }

    /// Passes over entries that are not to be read, up to an index.
    mutating func skip(to end: UInt64) { batch.advance(to: end) }

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
            latestTime = max(latestTime, time)
            let isRead =
                kind == EventKind.observation.rawValue
                ? addObservation(item.body, index, hashes[hashes.startIndex + offset]) : addOther(item, kind, index)
            if !isRead { unreadable += 1 }
        }
        batch.advance(to: first + UInt64(packed.count))
    }

    /// An entry without a body: an erasure, one whose body is missing, or one that a later version may understand.
    private mutating func addVerbatim(_ item: PackedItem, _ kind: UInt8, _ index: UInt64) {
        if item.lacksBody, EventKind(rawValue: kind) != nil { return }
        guard let entry = try? Entry(decoding: Array(item.bytes)), case .erasure(let target, _) = entry.content else {
            unreadable += 1
            return
        }
        latestTime = max(latestTime, entry.recordedAt)
        batch.appendErasure(index: index, targetOrigin: number(target), targetIndex: target.index)
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
            origin: batch.origin, index: index, kind: EventKind.observation.rawValue, day: word(body, 16),
            factor: factors.number(factor), quantity: quantity, leafPrefix: leaf.prefix,
            referenceCount: UInt32(referenceCount))
        let subject = SubjectID(
            high: UInt64(word(body, 20)) << 32 | UInt64(word(body, 24)),
            low: UInt64(word(body, 28)) << 32 | UInt64(word(body, 32)))
        batch.append(
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
        var record = HistoryRecord(origin: batch.origin, index: index, kind: kind, day: body.day)
        switch body.content {
        case .observation, .enrolment, .withdrawal: break
        case .retraction(let target, _), .appeal(let target, _): name(target, &record)
        case .ruling(let target, let verdict, _):
            record.verdict = verdict.rawValue
            name(target, &record)
        }
        if known == .withdrawal { withdrawn.append(body.subject) }
        batch.append(record, about: body.subject)
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
