internal import Cryptography
internal import Federation

/// What cities have promised to keep: every event whose recording they have acknowledged.
final class Ledger {
    struct Promise {
        let city: Int
        /// Unlike all others of the city: the reference of an observation, the reason of a correction.
        let mark: [UInt8]
        let subject: SubjectID
        let day: UInt32
        let factor: [UInt8]
        /// Nil where it was kept aside at first.
        var index: UInt64?
        var at: UInt64
        let isObservation: Bool
        /// The mark of what a correction names.
        var corrected: [UInt8]?
        /// All disks that held it lost it.
        var isExcused = false
    }

    private(set) var promises: [Promise] = []
    /// Marks of events that an operator wanted erased.
    private(set) var givenUp: Set<[UInt8]> = []
    private var lastMark = 0

    func nextMark(_ city: Int) -> [UInt8] {
        lastMark += 1
        return Array("mark-\(city)-\(lastMark)".utf8)
    }

    func note(_ promise: Promise) { promises.append(promise) }
    func giveUp(_ mark: [UInt8]) { givenUp.insert(mark) }

    /// Whether an operator had something erased that an event is, names, or names by way of another correction.
    func isGivenUp(_ promise: Promise) -> Bool {
        if givenUp.contains(promise.mark) { return true }
        guard let corrected = promise.corrected else { return false }
        if givenUp.contains(corrected) { return true }
        return promises.contains { $0.mark == corrected && isGivenUp($0) }
    }

    func excuse(_ place: Int) { promises[place].isExcused = true }

    // MARK: Bodies

    /// The salts of bodies, by what their entries commit to: by them erased bytes are known again.
    private var salts: [Digest: [UInt8]] = [:]

    func note(body: [UInt8]) { salts[sha256(body)] = Array(body.prefix(Body.saltBytes)) }
    func salt(of commitment: Digest) -> [UInt8]? { salts[commitment] }
}
