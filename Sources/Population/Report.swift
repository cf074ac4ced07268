internal import Federation

/// An observation that a city is about to record.
struct Report {
    /// Indices in `Scenario.cities`: who records it, and who gave the reference.
    let city: UInt16
    let firstCity: UInt16
    /// Index in `ConductTable.factors`.
    let factor: UInt16
    let quantity: Int32
    let day: UInt32
    /// Number of the reference; nil where nobody gave one.
    let number: UInt32?
    let subject: SubjectID
    /// What becomes of the record follows from it.
    let luck: UInt64
}

/// A recorded observation that something is to be done about.
struct RecordedCase {
    let target: Target
    let subject: SubjectID
    let luck: UInt64
}

/// Something that waits for its day.
enum Plan {
    case report(Report)
    case retraction(RecordedCase)
    case erasure(RecordedCase)
    case appeal(RecordedCase)
    /// The n-th ruling on a case, from 0.
    case ruling(RecordedCase, number: Int)
}
