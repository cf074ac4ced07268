internal import Encoding
internal import Foundation
internal import Simulation

/// What a run of fuzzing is to do with each target.
struct FuzzPlan {
    let executions: UInt64
    let seed: UInt64
    /// Folder of kept inputs; nil for none.
    let corpus: String?
    /// Inputs that may be added to it for each target.
    let keep: Int

    /// The command line of the process that does it for one target.
    func arguments(_ target: FuzzTarget, mailbox: String) -> [String] {
        var arguments = [
            "fuzz", target.name, "--executions", String(executions), "--seed", String(seed), "--mailbox", mailbox,
        ]
        if let corpus { arguments += ["--corpus", corpus, "--keep", String(keep)] }
        return arguments
    }
}

/// What came of a target.
struct FuzzReport {
    let target: String
    var executions: UInt64
    var milliseconds: UInt64
    /// Different ways that inputs led.
    var behaviours = 0
    var peakMemoryBytes: UInt64 = 0
    /// What did not hold; nil where everything did.
    var failure: String?
    /// Where the input is kept that broke it.
    var file: String?

    var json: JSONValue {
        [
            "target": .string(target), "executions": .integer(Int64(executions)), "milliseconds": .integer(Int64(milliseconds)),
            "behaviours": .integer(Int64(behaviours)), "peak_memory_bytes": .integer(Int64(peakMemoryBytes)),
            "failure": failure.map { .string($0) } ?? .null, "file": file.map { .string($0) } ?? .null,
        ]
    }

    var line: String {
        let rate = executions * 1_000 / max(1, milliseconds)
        let name = target.padding(toLength: 22, withPad: " ", startingAt: 0)
        let figures =
            "\(grouped(executions)) inputs in \(duration(milliseconds: Int64(milliseconds))), \(grouped(rate)) a second, "
            + "\(counted(behaviours, "way")), \(peakMemoryBytes >> 20) MiB"
        return name + (failure.map { "BROKEN: \($0)" } ?? figures)
    }
}
