internal import Encoding
internal import NodeRuntime
internal import Simulation

/// What came of all seeds.
struct SimulationReport: Sendable {
    private var counts: [String: Int64] = [:]
    private(set) var seeds: Int64 = 0
    private(set) var virtualMilliseconds: Int64 = 0
    /// For each seed that failed what did not hold, and the command that replays it.
    private(set) var failures: [(seed: UInt64, reasons: [String], replay: String)] = []
    /// Of everything that arrived anywhere: equal for equal runs.
    private var trace: UInt64 = 0
    private let startedAt = steadyMilliseconds()
    private let kinds = FaultKind.allCases.map(\.rawValue)

    var isGood: Bool { failures.isEmpty }

    mutating func add(_ outcome: Simulation.Outcome, replay: String) {
        var counts: [String: Int64] = [:]
        for (kind, count) in outcome.counts { counts[kind.rawValue] = Int64(count) }
        add(
            seed: outcome.seed, outcome.failures, Int64(outcome.virtualMilliseconds), counts, trace: outcome.trace,
            replay: replay)
    }

    mutating func add(
        seed: UInt64, _ reasons: [String], _ milliseconds: Int64, _ counts: [String: Int64], trace: UInt64, replay: String
    ) {
        seeds += 1
        virtualMilliseconds += milliseconds
        self.trace ^= trace
        for (kind, count) in counts { self.counts[kind, default: 0] += count }
        if !reasons.isEmpty { failures.append((seed, reasons, replay)) }
    }

    private var ratio: Int64 { virtualMilliseconds / max(1, Int64(steadyMilliseconds() - startedAt)) }

    var lines: [String] {
        var table = Table([("what happened", .left), ("times", .right)])
        for kind in kinds { if let count = counts[kind] { table.append([kind, grouped(count)]) } }
        var lines = table.lines
        lines.append(
            "\(counted(seeds, "seed")), \(duration(milliseconds: virtualMilliseconds)) of virtual time, \(grouped(ratio)) times faster than real time"
        )
        for failure in failures.sorted(by: { $0.seed < $1.seed }).prefix(50) {
            lines.append("seed \(failure.seed) failed: \(failure.replay)")
            lines += failure.reasons.prefix(5).map { "  \($0)" }
        }
        lines.append(isGood ? "good: everything held" : "\(counted(Int64(failures.count), "seed")) failed")
        return lines
    }

    var json: JSONValue {
        [
            "seeds": .integer(seeds), "virtual_ms": .integer(virtualMilliseconds), "times_real_time": .integer(ratio),
            "trace": .string("\(trace)"),
            "counts": .object(kinds.compactMap { kind in counts[kind].map { JSONMember(kind, .integer($0)) } }),
            "failures": .array(
                failures.sorted { $0.seed < $1.seed }.map { failure in
                    [
                        "seed": .string("\(failure.seed)"), "replay": .string(failure.replay),
                        "reasons": .array(failure.reasons.map { .string($0) }),
                    ]
                }),
        ]
    }
}
