internal import Federation
internal import NodeRuntime

/// Observations that follow from a name, one after another.
struct BenchEvents {
    private let population: SyntheticPopulation
    private var numbers: SeededNumbers
    private let prefix: [UInt8]
    private let isInTurn: Bool
    private var count: UInt64 = 0
    /// Bytes of the entries and bodies made so far.
    private(set) var bytes: UInt64 = 0

    private static let referenceDigits = 8
    /// Bytes of a body but for factor and reference (DESIGN section 3).
    private static let bodyBytes = 44

    /// - Parameters:
    ///   - letter: references of different letters differ.
    ///   - isInTurn: whether the subjects come one after another, so that none is left out, instead of at random.
    init(
        seed: String, letter: Character, population: SyntheticPopulation = BenchFederation.population, isInTurn: Bool = false
    ) {
        self.population = population
        self.isInTurn = isInTurn
        numbers = SeededNumbers(seed: seed)
        prefix = Array("\(letter)-".utf8)
    }

    mutating func next() -> Draft {
        let factor = BenchFederation.factors[Int.random(in: 0..<BenchFederation.factors.count, using: &numbers)]
        let day = BenchFederation.firstDay + UInt32.random(in: 0..<BenchFederation.days, using: &numbers)
        let digits = String(count)
        let reference =
            prefix + Array((String(repeating: "0", count: max(0, Self.referenceDigits - digits.count)) + digits).utf8)
        let subject = population.subject(
            isInTurn ? count % population.size : UInt64.random(in: 0..<population.size, using: &numbers))
        count += 1
        bytes += UInt64(Entry.plainBytes + Self.bodyBytes + factor.count + reference.count)
        return .body(day: day, subject: subject, content: .observation(factor: factor, quantity: 1, reference: reference))
    }
}
