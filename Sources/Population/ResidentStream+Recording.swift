internal import Federation

/// What is recorded, and what becomes of it: most records stand, a few are retracted, appealed against or erased.
extension ResidentStream {
    mutating func carryOut(_ plan: Plan) {
        switch plan {
        case .report(let report): record(report)
        case .retraction(let recorded):
            correct(recorded, by: recorded.target.node) {
                .retraction(target: recorded.target, reason: $0.pick(retractionReasons))
            }
        case .erasure(let recorded): erase(recorded)
        case .appeal(let recorded): appeal(recorded)
        case .ruling(let recorded, let number): rule(recorded, number: number)
        }
    }

    private mutating func record(_ report: Report) {
        let factor = conduct.factors[Int(report.factor)]
        let reference = report.number.map { towns.reference(city: report.firstCity, number: $0) } ?? []
        let target = append(
            node: scenario.cities[Int(report.city)], day: report.day, subject: report.subject,
            .observation(factor: factor.code, quantity: report.quantity, reference: reference))
        let recorded = RecordedCase(target: target, subject: report.subject, luck: report.luck)
        planCorrection(of: recorded, isMinus: factor.isMinus)
    }

    /// Of 4,096 records, 32 are retracted and 3 erased; of those that take points 96 are appealed against.
    private mutating func planCorrection(of recorded: RecordedCase, isMinus: Bool) {
        var draws = Draws(recorded.luck)
        switch draws.below(4_096) {
        case 0..<32: agenda.add(.retraction(recorded), afterDays: draws.within(2...60))
        case 32..<35: agenda.add(.erasure(recorded), afterDays: draws.within(5...100))
        case 35..<131 where isMinus: agenda.add(.appeal(recorded), afterDays: draws.within(1...30))
        default: break
        }
    }

    /// Appeals are lodged with the city, one in eight with the authority; one in ten is never ruled on.
    private mutating func appeal(_ recorded: RecordedCase) {
        var draws = Draws(recorded.luck &+ 1)
        let node = draws.chance(1, in: 8) ? scenario.authority : recorded.target.node
        correct(recorded, by: node) { .appeal(target: recorded.target, reason: $0.pick(appealReasons)) }
        if draws.chance(9, in: 10) {
            agenda.add(.ruling(recorded, number: 0), afterDays: draws.within(10...75))
        }
    }

    /// Two rulings in five overturn; one in sixteen is replaced later by its opposite.
    private mutating func rule(_ recorded: RecordedCase, number: Int) {
        var draws = Draws(recorded.luck &+ 2)
        let first: Verdict = draws.chance(2, in: 5) ? .overturned : .upheld
        let opposite: Verdict = first == .upheld ? .overturned : .upheld
        let verdict = number == 0 ? first : opposite
        let reasons = verdict == .upheld ? upholdingReasons : overturningReasons
        correct(recorded, by: scenario.authority) {
            .ruling(target: recorded.target, verdict: verdict, reason: $0.pick(reasons))
        }
        if number == 0, draws.chance(1, in: 16) {
            agenda.add(.ruling(recorded, number: 1), afterDays: draws.within(20...90))
        }
    }

    /// By the city that recorded it; by the authority if it is on an order.
    private mutating func erase(_ recorded: RecordedCase) {
        var draws = Draws(recorded.luck &+ 3)
        let ground: ErasureGround =
            switch draws.below(8) {
            case 0..<4: .request
            case 4..<6: .recordedInError
            case 6: .storagePeriodOver
            default: .order
            }
        let node = ground == .order ? scenario.authority : recorded.target.node
        correct(recorded, by: node) { _ in .erasure(target: recorded.target, ground: ground) }
    }

    private mutating func correct(
        _ recorded: RecordedCase, by node: Int, _ make: (inout Draws) -> Occurrence.What
    ) {
        var draws = Draws(recorded.luck &+ UInt64(today))
        append(node: node, day: today, subject: recorded.subject, make(&draws))
    }

    @discardableResult
    private mutating func append(node: Int, day: UInt32, subject: SubjectID, _ what: Occurrence.What) -> Target {
        let target = Target(node: node, ordinal: recorded[node])
        recorded[node] += 1
        occurrences.append(Occurrence(node: node, day: day, recordedOnDay: today, subject: subject, what: what))
        return target
    }
}

extension Draws {
    fileprivate mutating func pick(_ texts: [[UInt8]]) -> [UInt8] { texts[Int(below(UInt64(texts.count)))] }
}

private func reasons(_ texts: String...) -> [[UInt8]] { texts.map { Array($0.utf8) } }

private let retractionReasons = reasons(
    "entered for the wrong person", "entered twice", "wrong day", "the camera was not calibrated",
    "withdrawn by the office")
private let appealReasons = reasons(
    "it was not me", "I was in another city on that day", "the record is out of date", "nobody told me of this rule",
    "a doctor's note is attached", "it was paid on time")
private let upholdingReasons = reasons(
    "the evidence is sound", "no new facts were given", "the appeal came too late")
private let overturningReasons = reasons(
    "the evidence does not bear the record", "mistaken identity", "the rule does not cover the case")
