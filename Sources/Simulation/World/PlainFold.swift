internal import Cryptography
internal import Federation
internal import Scoring
internal import TransparencyLog

/// The standings of a synthetic population, folded from the entries themselves in the plainest way: what the specification
/// says, line by line, with nothing of the code that nodes score with but the rulebook and the calendar.
struct PlainFold {
    struct Item {
        let origin: OriginName
        let index: UInt64
        let entry: [UInt8]
        /// Empty where there is none.
        let body: [UInt8]
    }

    private struct Fact {
        let origin: OriginName
        let index: UInt64
        let leaf: Digest
        let body: Body
    }

    private struct Place: Hashable {
        let line: [UInt8]
        let index: UInt64
    }

    private let rulebook: Rulebook
    private let population: SyntheticPopulation
    private let isAuthority: (OriginName) -> Bool
    private let day: Int64
    private var facts: [Place: Fact] = [:]
    private var corrections: [SubjectID: [Fact]] = [:]
    private var erasures: [(OriginName, Position)] = []

    init(
        _ items: [Item], rulebook: Rulebook, population: SyntheticPopulation, day: UInt32,
        isAuthority: @escaping (OriginName) -> Bool
    ) {
        self.rulebook = rulebook
        self.population = population
        self.day = Int64(day)
        self.isAuthority = isAuthority
        for item in items {
            guard let entry = try? Entry(decoding: item.entry) else { continue }
            if case .erasure(let target, _) = entry.content {
                erasures.append((item.origin, target))
            } else if let body = try? Body(decoding: item.body, kind: entry.kind) {
                facts[Place(line: item.origin.line, index: item.index)] = Fact(
                    origin: item.origin, index: item.index, leaf: plainHash([0] + item.entry), body: body)
            }
        }
        // Step 0.
        for (eraser, target) in erasures {
            guard let origin = OriginName(target.origin), mayCorrect(eraser, origin) else { continue }
            facts[Place(line: target.origin, index: target.index)] = nil
        }
        for fact in facts.values where fact.body.content.target != nil {
            corrections[fact.body.subject, default: []].append(fact)
        }
    }

    private func mayCorrect(_ recorder: OriginName, _ target: OriginName) -> Bool {
        recorder.nodeLine == target.nodeLine || isAuthority(recorder)
    }

    // MARK: Standings

    /// Root of the subjects, and what each of them scores.
    func standings() -> (root: Digest, scores: [SubjectID: Int64]) {
        var observations: [SubjectID: [Fact]] = [:]
        for fact in facts.values {
            guard case .observation = fact.body.content, population.contains(fact.body.subject),
                (rulebook.startDay...day).contains(Int64(fact.body.day))
            else { continue }
            observations[fact.body.subject, default: []].append(fact)
        }
        let scores = observations.mapValues { score($0) }
        let leaves = scores.keys.sorted().map { subject in
            let words = [subject.high, subject.low, UInt64(bitPattern: scores[subject] ?? 0)]
            return plainHash(
                [0] + words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * $0)) } })
        }
        return (Self.root(leaves[...]), scores)
    }

    private static func root(_ leaves: ArraySlice<Digest>) -> Digest {
        if leaves.isEmpty { return plainHash([]) }
        if leaves.count == 1, let leaf = leaves.first { return leaf }
        var split = 1
        while split * 2 < leaves.count { split *= 2 }
        return plainHash([1] + root(leaves.prefix(split)).bytes + root(leaves.dropFirst(split)).bytes)
    }

    private func score(_ observations: [Fact]) -> Int64 {
        let counted = distinct(observations.filter { !isAnnulled($0) && !isSuspended($0) && factor($0) != nil })
        var score = rulebook.base + points(counted)
        for streak in rulebook.streaks { score += self.streak(streak, counted) }
        return min(max(score, rulebook.minimum), rulebook.maximum)
    }

    private func factor(_ fact: Fact) -> Rulebook.Factor? {
        guard case .observation(let code, _, _) = fact.body.content else { return nil }
        return rulebook.factors.first { Array($0.code.utf8) == code }
    }

    private func quantity(_ fact: Fact) -> Int64 {
        if case .observation(_, let quantity, _) = fact.body.content { Int64(quantity) } else { 0 }
    }

    // MARK: Steps

    /// Corrections that name a fact, and its subject.
    private func corrections(of fact: Fact) -> [Fact] {
        (corrections[fact.body.subject] ?? []).filter { other in
            guard let target = other.body.content.target else { return false }
            return target.origin == fact.origin.line && target.index == fact.index
        }
    }

    private func isAnnulled(_ fact: Fact) -> Bool {
        var rulings: [[UInt8]: Fact] = [:]
        for correction in corrections(of: fact) {
            switch correction.body.content {
            case .retraction: if mayCorrect(correction.origin, fact.origin) { return true }
            case .ruling:
                guard isAuthority(correction.origin) else { continue }
                let last = rulings[correction.origin.nodeLine]
                let isLater = last.map { ($0.origin.epoch, $0.index) < (correction.origin.epoch, correction.index) } ?? true
                if isLater { rulings[correction.origin.nodeLine] = correction }
            default: continue
            }
        }
        return rulings.values.contains { if case .ruling(_, .overturned, _) = $0.body.content { true } else { false } }
    }

    private func isSuspended(_ fact: Fact) -> Bool {
        var isAppealed = false
        for correction in corrections(of: fact) {
            switch correction.body.content {
            case .ruling: if isAuthority(correction.origin) { return false }
            case .appeal: if mayCorrect(correction.origin, fact.origin) { isAppealed = true }
            default: continue
            }
        }
        return isAppealed
    }

    /// Of observations of the same occurrence the first by leaf hash, origin line and index.
    private func distinct(_ observations: [Fact]) -> [Fact] {
        observations.filter { fact in
            guard case .observation(let code, let quantity, let reference) = fact.body.content, !reference.isEmpty else {
                return true
            }
            return !observations.contains { other in
                guard case .observation(code, quantity, reference) = other.body.content, other.body.day == fact.body.day else {
                    return false
                }
                if other.leaf != fact.leaf { return other.leaf < fact.leaf }
                if other.origin.line != fact.origin.line {
                    return other.origin.line.lexicographicallyPrecedes(fact.origin.line)
                }
                return other.index < fact.index
            }
        }
    }

    private func points(_ counted: [Fact]) -> Int64 {
        var sums: [String: Int64] = [:]
        var caps: [String: Int64] = [:]
        for fact in counted {
            guard let factor = factor(fact) else { continue }
            if let expiry = factor.expiresAfterDays, day - Int64(fact.body.day) >= expiry { continue }
            let year = CalendarDay(dayNumber: Int64(fact.body.day)).year
            sums["\(factor.code) \(year)", default: 0] += factor.points * quantity(fact)
            caps["\(factor.code) \(year)"] = factor.yearlyCap ?? 2_147_483_647
        }
        return sums.reduce(0) { sum, one in
            let cap = caps[one.key] ?? 0
            return sum + min(max(one.value, -cap), cap)
        }
    }

    private func streak(_ streak: Rulebook.Streak, _ counted: [Fact]) -> Int64 {
        guard day > rulebook.startDay else { return 0 }
        let minus = counted.filter { (factor($0)?.points ?? 0) < 0 }.map { Int64($0.body.day) }
        let marks = [rulebook.startDay] + Set(minus).filter { $0 > rulebook.startDay }.sorted() + [day]
        let sum = zip(marks, marks.dropFirst()).reduce(0) { $0 + streak.points * (($1.1 - $1.0) / streak.everyDays) }
        return streak.cap.map { min(max(sum, -$0), $0) } ?? sum
    }
}

private func plainHash(_ bytes: [UInt8]) -> Digest { sha256(bytes) }
