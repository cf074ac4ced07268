import Federation
import Scoring
import Synchronization

/// Records in memory, in the order of their coming: found by chains of those whose subjects agree in some bits, until they
/// are written as a run.
///
/// The memory is allocated once and only ever written behind `count`, by one thread at a time (the store's lock for appends);
/// `count` moves under the store's lock, which also hands out views. What a view covers never changes again, so views are
/// read without a lock. That is what the unchecked conformance rests on.
final class HistoryTable: @unchecked Sendable {
    private let capacity: Int
    private let payloadCapacity: Int
    fileprivate let highs: UnsafeMutablePointer<UInt64>
    fileprivate let lows: UnsafeMutablePointer<UInt64>
    /// Where each record ends in the payload.
    fileprivate let ends: UnsafeMutablePointer<UInt32>
    fileprivate let payload: UnsafeMutableRawPointer
    /// By some bits of the subject, the place + 1 of the newest record; 0 for none. Also of records that are not shown yet.
    fileprivate let heads: UnsafeMutablePointer<Atomic<UInt32>>
    private let buckets: Int
    /// Place + 1 of the record before each in its chain.
    fileprivate let chains: UnsafeMutablePointer<UInt32>

    // Only under the store's lock, and no longer changed once the table is full:
    private(set) var count = 0
    private(set) var erasures: [ErasureRecord] = []
    /// Whether a fold reached the table, if only to move a position.
    private(set) var isTouched = false
    /// By origin number: next index to fold once the table is in the file. Set when the table is sealed.
    var positions: [UInt64] = []

    init(capacity: Int, payloadCapacity: Int) {
        self.capacity = capacity
        self.payloadCapacity = payloadCapacity
        highs = .allocate(capacity: capacity)
        lows = .allocate(capacity: capacity)
        ends = .allocate(capacity: capacity)
        payload = .allocate(byteCount: payloadCapacity, alignment: 16)
        buckets = 1 << max(4, Int.bitWidth - 1 - max(1, capacity / 2).leadingZeroBitCount)
        heads = .allocate(capacity: buckets)
        for bucket in 0..<buckets { (heads + bucket).initialize(to: Atomic(0)) }
        chains = .allocate(capacity: capacity)
    }

    deinit {
        highs.deallocate()
        lows.deallocate()
        ends.deallocate()
        payload.deallocate()
        heads.deinitialize(count: buckets)
        heads.deallocate()
        chains.deallocate()
    }

    /// The low half differs between any two members of a population of either kind.
    @inline(__always)
    fileprivate func bucket(_ low: UInt64) -> Int { Int(low & UInt64(buckets - 1)) }

    var view: HistoryTableView { HistoryTableView(table: self, count: count) }
    private var payloadBytes: Int { count == 0 ? 0 : Int(ends[count - 1]) }
    /// Bytes that the table's contents take.
    var memoryBytes: Int { count * 24 + buckets * 4 + payloadBytes + erasures.count * MemoryLayout<ErasureRecord>.stride }

    /// Whether a batch fits in behind what is there, or would fit into an empty table.
    func hasRoom(for batch: HistoryBatch) -> Bool { fits(batch, behind: count, payloadBytes, erasures.count) }
    func couldHold(_ batch: HistoryBatch) -> Bool { fits(batch, behind: 0, 0, 0) }

    private func fits(_ batch: HistoryBatch, behind records: Int, _ bytes: Int, _ erasures: Int) -> Bool {
        records + batch.count <= capacity && bytes + batch.payloadBytes <= payloadCapacity
            && erasures + batch.erasures.count <= capacity
    }

    /// What was written behind the records that are shown.
    struct Addition {
        fileprivate let count: Int
        fileprivate let erasures: [ErasureRecord]
    }

    /// Writes a batch that fits, but for the records and erasures below `position`, behind what is shown. Only under the
    /// store's lock for appends.
    func write(_ batch: HistoryBatch, from position: UInt64) -> Addition {
        let skipped = batch.records(below: position)
        let skippedBytes = skipped == 0 ? 0 : batch.ends[skipped - 1]
        let start = UInt32(payloadBytes)
        for place in skipped..<batch.count {
            let target = count + place - skipped
            highs[target] = batch.subjects[place].high
            lows[target] = batch.subjects[place].low
            ends[target] = start + batch.ends[place] - skippedBytes
        }
        for target in count..<count + batch.count - skipped {
            let bucket = bucket(lows[target])
            chains[target] = heads[bucket].load(ordering: .relaxed)
            heads[bucket].store(UInt32(target + 1), ordering: .releasing)
        }
        batch.payload.withUnsafeBytes { source in
            let bytes = UnsafeRawBufferPointer(rebasing: source[Int(skippedBytes)..<batch.payloadBytes])
            UnsafeMutableRawBufferPointer(start: payload + Int(start), count: bytes.count).copyMemory(from: bytes)
        }
        return Addition(count: batch.count - skipped, erasures: batch.erasures.filter { $0.index >= position })
    }

    /// Shows what was written last; under the store's lock.
    func show(_ addition: Addition) {
        count += addition.count
        erasures += addition.erasures
        isTouched = true
    }
}

/// The records that a table held at one moment.
struct HistoryTableView: Sendable {
    private let table: HistoryTable
    let count: Int

    private var highs: UnsafeMutablePointer<UInt64> { table.highs }

    fileprivate init(table: HistoryTable, count: Int) {
        self.table = table
        self.count = count
    }

    @inline(__always)
    func subject(_ place: Int) -> SubjectID { SubjectID(high: table.highs[place], low: table.lows[place]) }

    /// The encoded record at a place; valid while the view is.
    @inline(__always)
    func payload(_ place: Int) -> UnsafeRawBufferPointer {
        let start = place == 0 ? 0 : Int(table.ends[place - 1])
        return UnsafeRawBufferPointer(start: table.payload + start, count: Int(table.ends[place]) - start)
    }

    /// Appends the records about a subject to a history, the newest first.
    func append(_ subject: SubjectID, to history: inout SubjectHistory) throws(HistoryFailure) {
        var next = table.heads[table.bucket(subject.low)].load(ordering: .acquiring)
        while next > 0 {
            let place = Int(next) - 1
            // What came after the view is in the chain and not in the view.
            if place < count, table.lows[place] == subject.low, table.highs[place] == subject.high {
                try HistoryCoding.append(payload(place), to: &history)
            }
            next = table.chains[place]
        }
    }

    /// The subjects in order, each with its place; records of one subject in the order of their coming.
    ///
    /// One pass spreads the records over about as many buckets as there are records, by the leading bits in which their
    /// subjects differ; little is left to sort then, unless somebody has chosen the subjects.
    func sorted() -> [HistoryTablePlace] {
        guard count > 1 else { return (0..<count).map { HistoryTablePlace(subject: subject($0), place: UInt32($0)) } }
        var least = UInt64.max
        var greatest = UInt64.min
        for place in 0..<count {
            least = min(least, highs[place])
            greatest = max(greatest, highs[place])
        }
        let usedBits = UInt64.bitWidth - (greatest - least).leadingZeroBitCount
        let bucketBits = Int.bitWidth - count.leadingZeroBitCount
        let shift = UInt64(max(0, usedBits - bucketBits))
        let ends = bucketEnds(least, shift, Int((greatest - least) >> shift) + 1)
        return Array(unsafeUninitializedCapacity: count) { buffer, initialized in
            var next = ends
            for place in (0..<count).reversed() {
                let bucket = Int((highs[place] - least) >> shift)
                next[bucket] -= 1
                (buffer.baseAddress! + Int(next[bucket])).initialize(
                    to: HistoryTablePlace(subject: subject(place), place: UInt32(place)))
            }
            initialized = count
            for bucket in ends.indices where ends[bucket] - next[bucket] > 1 {
                var part = UnsafeMutableBufferPointer(rebasing: buffer[Int(next[bucket])..<Int(ends[bucket])])
                part.sort { $0.isBefore($1) }
            }
        }
    }

    /// Where each bucket ends when the records stand bucket by bucket.
    private func bucketEnds(_ least: UInt64, _ shift: UInt64, _ buckets: Int) -> [UInt32] {
        var ends = [UInt32](repeating: 0, count: buckets)
        for place in 0..<count { ends[Int((highs[place] - least) >> shift)] += 1 }
        for bucket in 1..<max(1, buckets) { ends[bucket] += ends[bucket - 1] }
        return ends
    }

    /// Calls `body` with the subject and the encoded record of each place, in the order given.
    func forEachSorted(
        _ places: [HistoryTablePlace], _ body: (SubjectID, UnsafeRawBufferPointer) throws -> Void
    ) rethrows {
        // In this order the records lie all over the memory. Touching some of them together lets the processor wait for
        // them together; one by one that wait is the larger part of writing a run.
        let together = 32
        for start in stride(from: 0, to: places.count, by: together) {
            let group = places[start..<min(places.count, start + together)]
            var touched: UInt8 = 0
            for place in group { touched |= payload(Int(place.place))[0] }
            precondition(touched != 0, "no record starts with a zero")
            for place in group { try body(place.subject, payload(Int(place.place))) }
        }
    }
}

/// A record of a table view, for sorting.
struct HistoryTablePlace: Sendable {
    var subject: SubjectID
    var place: UInt32

    @inline(__always)
    func isBefore(_ other: HistoryTablePlace) -> Bool {
        if subject.high != other.subject.high { return subject.high < other.subject.high }
        if subject.low != other.subject.low { return subject.low < other.subject.low }
        return place < other.place
    }
}
