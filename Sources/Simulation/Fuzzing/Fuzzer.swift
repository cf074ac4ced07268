/// Runs a target on its seeds, on kept inputs and then on changes of them. Inputs that go a new way are changed in their
/// turn. The same target, seed and kept inputs give the same run.
package struct Fuzzer {
    /// An input that breaks what must hold.
    package struct Finding: Error, Equatable, Sendable {
        package let input: [UInt8]
        package let message: String
    }

    package let target: FuzzTarget
    /// Inputs run so far.
    package private(set) var executions: UInt64 = 0
    private var mutator: FuzzMutator
    private var pool: [[UInt8]] = []
    private var places: [UInt64: Int] = [:]
    private let beforeEach: ([UInt8]) -> Void

    /// Inputs that are changed further; ways beyond these are counted no more.
    static let maximumPool = 4_096

    /// - Parameters:
    ///   - corpus: inputs kept from earlier runs.
    ///   - beforeEach: is told each input before it is run, so that it can be found after a crash.
    package init(
        _ target: FuzzTarget, seed: UInt64, corpus: [[UInt8]] = [], beforeEach: @escaping ([UInt8]) -> Void = { _ in }
    ) throws(Finding) {
        self.target = target
        self.beforeEach = beforeEach
        mutator = FuzzMutator(seed: seed, target: target)
        for input in target.seeds() + corpus + [[]] { try run(input) }
    }

    /// Different ways seen.
    package var behaviours: Int { pool.count }

    /// Up to `count` inputs of different ways, of all lengths up to a kilobyte, that are neither seeds nor kept already.
    package func worthKeeping(_ count: Int, besides kept: [[UInt8]]) -> [[UInt8]] {
        let known = Set(target.seeds() + kept)
        let new = pool.filter { $0.count <= 1_024 && !known.contains($0) }
            .sorted { $0.count != $1.count ? $0.count < $1.count : $0.lexicographicallyPrecedes($1) }
        let wanted = min(max(0, count - kept.count), new.count)
        return (0..<wanted).map { new[$0 * new.count / wanted] }
    }

    /// Changes an input and runs it.
    package mutating func step() throws(Finding) {
        // New ways lead on more often than old ones.
        let recent = mutator.below(4) == 0 ? max(0, pool.count - 16) : 0
        let parent = pool[recent + mutator.below(pool.count - recent)]
        try run(mutator.mutate(parent, partner: pool[mutator.below(pool.count)]))
    }

    private mutating func run(_ input: [UInt8]) throws(Finding) {
        beforeEach(input)
        executions += 1
        let signature: UInt64
        do throws(FuzzFailure) { signature = try target.run(input) } catch {
            throw Finding(input: input, message: error.description)
        }
        if let place = places[signature] {
            if input.count < pool[place].count { pool[place] = input }
        } else if pool.count < Self.maximumPool {
            places[signature] = pool.count
            pool.append(input)
        }
    }
}
