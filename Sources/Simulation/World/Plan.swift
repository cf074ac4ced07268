internal import NodeRuntime

/// What one seed has in store: the federation's shape, how fast everything is, and which faults come how often.
struct Plan: Sendable {
    let seed: UInt64
    let nodes: Int
    /// Pairs of nodes; the first of each dials.
    let links: [(Int, Int)]
    /// Milliseconds of virtual time in which faults come.
    let faultMilliseconds: UInt64
    /// Milliseconds, in the mean, between two faults of a kind; no entry for those that do not come.
    let intervals: [FaultKind: UInt64]
    /// A city that keeps to no rules; never the authority.
    let hostile: Int?
    let lineDelay: ClosedRange<UInt64>
    let clockErrors: [Int64]
    /// Milliseconds between two records, in the mean, over all cities.
    let recordMilliseconds: UInt64
    let downtime: ClosedRange<UInt64>
    /// By how much the periods of timers are longer than asked for.
    let timerStretch: UInt64
    let checkpointPages: Int
    let tableRecords: Int
    private let writerDelay: ClosedRange<UInt64>

    /// - Parameters:
    ///   - nodes: the number of nodes; drawn where none is given.
    ///   - groups: faults that may come.
    init(seed: UInt64, nodes: Int?, minutes: UInt64, groups: Set<FaultGroup>) {
        var random = SeededRandom(seed: seed &* 0x9e37_79b9 &+ 1)
        self.seed = seed
        let count = nodes ?? Int.random(in: 3...5, using: &random)
        self.nodes = count
        let drawn = Self.links(count, using: &random)
        faultMilliseconds = minutes * 60_000
        intervals = Self.intervals(groups, using: &random)
        hostile =
            FaultGroup.hostility.kinds.contains { [intervals] in intervals[$0] != nil }
            ? Int.random(in: 0..<count - 1, using: &random) : nil
        links = Self.joined(drawn, count, without: hostile)
        lineDelay = [1...5, 5...40, 20...200, 1...1_500].randomElement(using: &random) ?? 5...40
        clockErrors = (0..<count).map { _ in
            random.chance(70)
                ? Int64.random(in: -2_000...2_000, using: &random) : Int64.random(in: -900_000...900_000, using: &random)
        }
        recordMilliseconds = [200, 500, 1_000, 3_000].randomElement(using: &random) ?? 500
        downtime = [100...2_000, 1_000...20_000, 10_000...40_000].randomElement(using: &random) ?? 100...2_000
        timerStretch = [5, 5, 5, 10, 20].randomElement(using: &random) ?? 5
        checkpointPages = [16, 64, 256, 1_024].randomElement(using: &random) ?? 64
        tableRecords = [1_500, 3_000, 10_000].randomElement(using: &random) ?? 1_500
        writerDelay = [0...1, 0...10, 5...100].randomElement(using: &random) ?? 0...1
    }

    func delay(of lane: LaneKind) -> ClosedRange<UInt64> {
        switch lane {
        case .replica, .readings, .chores: 0...0
        case .readers, .integrator: 0...2
        case .writer: writerDelay
        }
    }

    /// Every node is linked to one before it, and some to more.
    private static func links(_ count: Int, using random: inout SeededRandom) -> [(Int, Int)] {
        var links: [(Int, Int)] = []
        for node in 1..<count {
            let parent = Int.random(in: 0..<node, using: &random)
            for other in 0..<node where other == parent || random.chance(50) {
                links.append(random.chance(50) ? (node, other) : (other, node))
            }
        }
        return links
    }

    /// The links, and some more where those who keep to the rules would hear of each other through the hostile city alone:
    /// what it keeps back then, nobody could have.
    private static func joined(_ links: [(Int, Int)], _ count: Int, without hostile: Int?) -> [(Int, Int)] {
        guard let hostile else { return links }
        var reached: Set<Int> = []
        var links = links
        for node in (0..<count).reversed() where node != hostile && !reached.contains(node) {
            if !reached.isEmpty { links.append((node, count - 1)) }
            var next = [node]
            while let one = next.popLast() {
                guard reached.insert(one).inserted else { continue }
                next += links.filter { $0.0 == one || $0.1 == one }.map { $0.0 == one ? $0.1 : $0.0 }
                    .filter { $0 != hostile && !reached.contains($0) }
            }
        }
        return links
    }

    private static func intervals(_ groups: Set<FaultGroup>, using random: inout SeededRandom) -> [FaultKind: UInt64] {
        var intervals: [FaultKind: UInt64] = [:]
        for group in FaultGroup.allCases {
            // Some seeds know no fault of a group, so that the others are seen alone.
            let isQuiet = random.chance(25)
            for kind in group.kinds {
                let choices = kind.isRare ? [90_000, 200_000, 400_000] : [5_000, 15_000, 40_000, 100_000]
                let interval = choices.randomElement(using: &random) ?? 100_000
                let comes = random.chance(70)
                if groups.contains(group), !isQuiet, comes { intervals[kind] = UInt64(interval) }
            }
        }
        return intervals
    }
}
