import Encoding
import Foundation
import Testing

/// The simulator as those see it who use it.
@Suite struct SimulateTests {
    /// Two processes, and as many workers, come to the same: a seed that fails can be replayed anywhere.
    @Test func theSameSeedsAreTheSameRunInEveryProcess() throws {
        let arguments = ["simulate", "--seed", "7", "--seeds", "3", "--minutes", "1", "--faults", "network,machines", "--json"]
        let runs = try ["1", "2"].map { workers in
            let run = try Program.run(arguments + ["--workers", workers])
            #expect(run.status == 0, "\(run.output)")
            return try JSONValue.parse(Array(run.output.utf8))
        }
        for name in ["seeds", "virtual_ms", "trace", "counts", "failures"] {
            #expect(runs[0][name]?.text == runs[1][name]?.text, "\(name)")
        }
        #expect(runs[0]["trace"]?.text != #""0""#)
    }
}
