import Federation

/// Something that yields groups of records in subject order.
protocol HistorySource: AnyObject {
    /// The subject of the group it stands at.
    var subject: SubjectID { get }
    /// The records of that group; valid until the source moves on.
    var payload: UnsafeRawBufferPointer { get }
    /// Moves on to the next group, at first to the first; false at the end.
    func next() throws -> Bool
}

/// The groups of a range of subjects in one run, read a few segments at a time.
final class HistoryRunSource: HistorySource {
    private static let segmentsPerRead = 4

    private let database: HistoryDatabase
    private let run: HistoryRun
    private let buffer = UnsafeMutableRawBufferPointer.allocate(
        byteCount: segmentsPerRead * HistorySegment.byteCount, alignment: 16)
    private let lower: SubjectID?
    private let upper: SubjectID?
    /// Segments that are not read yet, and those in the buffer that are not begun yet.
    private var ahead: Range<Int>
    private var loaded: Range<Int>
    private var firstInBuffer = 0
    private var reader: HistorySegmentReader?

    private(set) var subject = SubjectID(high: 0, low: 0)
    private(set) var payload = UnsafeRawBufferPointer(start: nil, count: 0)

    /// All subjects from `lower` on and below `upper`; nil stands for no bound.
    init(_ run: HistoryRun, in database: HistoryDatabase, from lower: SubjectID? = nil, below upper: SubjectID? = nil) {
        self.run = run
        self.database = database
        self.lower = lower
        self.upper = upper
        let least = SubjectID(high: 0, low: 0)
        let greatest = SubjectID(high: .max, low: .max)
        ahead = run.rows.segments(from: lower ?? least, through: upper ?? greatest)
        loaded = ahead.lowerBound..<ahead.lowerBound
    }

    deinit { buffer.deallocate() }

    func next() throws -> Bool {
        while true {
            while try reader?.next() == true {
                guard let reader else { break }
                if let lower, reader.subject < lower { continue }
                if let upper, reader.subject >= upper { return false }
                subject = reader.subject
                payload = reader.payload
                return true
            }
            guard try openSegment() else { return false }
        }
    }

    private func openSegment() throws -> Bool {
        if loaded.isEmpty {
            if ahead.isEmpty { return false }
            let end = min(ahead.upperBound, ahead.lowerBound + Self.segmentsPerRead)
            loaded = ahead.lowerBound..<end
            firstInBuffer = ahead.lowerBound
            ahead = end..<ahead.upperBound
            try database.read(loaded, of: run.id, into: buffer)
        }
        let segment = loaded.lowerBound
        loaded = segment + 1..<loaded.upperBound
        let offset = (segment - firstInBuffer) * HistorySegment.byteCount
        let bytes = UnsafeRawBufferPointer(rebasing: buffer[offset..<offset + HistorySegment.byteCount])
        reader = try HistorySegmentReader(bytes, id: run.id.row(Int64(segment)))
        return true
    }
}

/// The records of a range of subjects in sorted tables, one at a time.
final class HistoryTableSource: HistorySource {
    private let view: HistoryTableView
    private let places: ArraySlice<HistoryTablePlace>
    private var position: Int

    private(set) var subject = SubjectID(high: 0, low: 0)
    private(set) var payload = UnsafeRawBufferPointer(start: nil, count: 0)

    /// - Parameter places: places of the view, sorted.
    init(_ view: HistoryTableView, _ places: ArraySlice<HistoryTablePlace>) {
        self.view = view
        self.places = places
        position = places.startIndex
    }

    func next() -> Bool {
        if position == places.endIndex { return false }
        let place = places[position]
        subject = place.subject
        payload = view.payload(Int(place.place))
        position += 1
        return true
    }
}

/// Many sources as one, in subject order. There are some dozens at most, so the least is found by looking at them all.
struct HistoryMerge {
    private var sources: [any HistorySource] = []
    /// The subjects that the sources stand at.
    private var heads: [SubjectID] = []

    init(_ sources: [any HistorySource]) throws {
        for source in sources where try source.next() {
            self.sources.append(source)
            heads.append(source.subject)
        }
    }

    /// The least subject that is left.
    var head: SubjectID? {
        guard var least = heads.first else { return nil }
        for head in heads where head < least { least = head }
        return least
    }

    /// Calls `body` with each group about `subject`, which has to be the head, and moves on behind it.
    mutating func take(_ subject: SubjectID, _ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        var place = 0
        while place < sources.count {
            guard heads[place].isSame(as: subject) else {
                place += 1
                continue
            }
            let source = sources[place]
            var isLeft = true
            while isLeft, source.subject.isSame(as: subject) {
                try body(source.payload)
                isLeft = try source.next()
            }
            if isLeft {
                heads[place] = source.subject
                place += 1
            } else {
                sources.remove(at: place)
                heads.remove(at: place)
            }
        }
    }
}
