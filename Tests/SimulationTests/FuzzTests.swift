import Foundation
import Testing

@testable import Simulation

/// Every decoder of outside bytes against valid, kept and changed inputs: always the same ones. (`concord fuzz` runs as
/// many as it is given time for.)
struct FuzzTests {
    static let corpus = FuzzCorpus(
        path: URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Corpora").path)

    @Test(arguments: FuzzTarget.all.map(\.name))
    func whatMustHoldForEveryInputHolds(_ name: String) throws {
        let target = try #require(FuzzTarget.named(name))
        var fuzzer = try Fuzzer(target, seed: 1, corpus: Self.corpus.inputs(target))
        for _ in 0..<2_000 { try fuzzer.step() }
        #expect(fuzzer.executions >= 2_000 && fuzzer.behaviours > 1, "\(fuzzer.behaviours) ways in \(fuzzer.executions) runs")
    }
}
