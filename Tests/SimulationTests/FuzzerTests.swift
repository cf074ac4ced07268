import Encoding
import Foundation
import Replication
import Testing

@testable import Simulation

/// The fuzzer finds what is there to be found, and gives the same run twice.
struct FuzzerTests {
    /// Breaks where a length field claims more than there is, behind a word that has to stand first.
    private static let flawed = FuzzTarget(
        "flawed", "a decoder that believes a length", maximumBytes: 256, tokens: texts("magic"),
        seeds: { [Array("mag".utf8), [0, 4, 1, 2, 3, 4]] },
        body: { input, trace throws(FuzzFailure) in
            guard input.starts(with: Array("magic".utf8)) else { return trace.note(1) }
            trace.note(2)
            guard input.count >= 7 else { return }
            trace.note(3)
            let length = Int(input[5]) << 8 | Int(input[6])
            try trace.require(length <= input.count - 7 || length < 0x4000, "a length is believed")
        })

    private static func finding(_ target: FuzzTarget, seed: UInt64) -> Fuzzer.Finding? {
        do throws(Fuzzer.Finding) {
            var fuzzer = try Fuzzer(target, seed: seed)
            for _ in 0..<20_000 { try fuzzer.step() }
            return nil
        } catch { return error }
    }

    @Test(arguments: 1...5) func aPlantedFlawIsFoundFromEverySeed(_ seed: Int) {
        let finding = Self.finding(Self.flawed, seed: UInt64(seed))
        #expect(finding?.message == "a length is believed")
        #expect(finding?.input.starts(with: Array("magic".utf8)) == true)
    }

    @Test func theSameSeedFindsTheSameInput() {
        #expect(Self.finding(Self.flawed, seed: 9) == Self.finding(Self.flawed, seed: 9))
    }

    @Test func everyInputIsAnnouncedBeforeItRuns() throws {
        let target = try #require(FuzzTarget.named("entry"))
        let path = NSTemporaryDirectory() + "/mailbox-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let mailbox = try #require(FuzzMailbox(path: path, maximumBytes: 512))
        var last: [UInt8] = []
        var fuzzer = try Fuzzer(target, seed: 1) {
            mailbox.put($0)
            last = $0
        }
        for _ in 0..<50 { try fuzzer.step() }
        let other = try #require(FuzzMailbox(path: path, maximumBytes: 512))
        #expect(other.input == last && other.executions == fuzzer.executions)
    }

    @Test func inputsStayWithinTheTargetsLimit() throws {
        let target = FuzzTarget(
            "limited", "anything", maximumBytes: 64, seeds: { [[UInt8](repeating: 1, count: 60)] },
            body: { input, trace throws(FuzzFailure) in
                try trace.require(input.count <= 64, "\(input.count) bytes")
                trace.note(input.count)
            })
        var fuzzer = try Fuzzer(target, seed: 3)
        for _ in 0..<5_000 { try fuzzer.step() }
        #expect(fuzzer.behaviours > 30)
    }

    /// The steps of the replica's fuzzer lead to what they are for: entries stored, and a fork proven.
    @Test func aHostilePeersEntriesAreStoredAndItsForkIsProven() throws {
        // Session, hello, checkpoint 4 (8 entries), a tick, the range that was asked for, its storing; then checkpoint 13,
        // of 13 entries of the other history, its range, which does not follow, and tiles of both trees in turn.
        let honest: [UInt8] = [0, 2, 0, 4, 4, 0, 0, 8, 4, 0, 6, 0, 4, 0, 0, 255, 0, 9, 1]
        let search: [UInt8] = [10, 0, 1, 11]
        let forked: [UInt8] = [4, 13, 0, 0, 8, 4, 0, 6, 0, 13, 1, 0, 255, 0, 9, 1] + search + search + search + [11]
        var bench = FuzzReplica(confirmation: .done)
        var reader = ByteReader(honest + forked)
        var trace = FuzzTrace()
        while try bench.step(&reader, &trace) {}
        let (stored, forks) = (bench.stored.count, bench.forks)
        #expect(stored == 8 && forks == 1, "\(stored) entries, \(forks) forks")
    }

    @Test func namesOfTargetsAreDifferentAndEveryKeptInputBelongsToOne() throws {
        let names = FuzzTarget.all.map(\.name)
        #expect(Set(names).count == names.count)
        #expect(try Set(FuzzTests.corpus.targets).isSubset(of: names))
        for target in FuzzTarget.all {
            let inputs = try FuzzTests.corpus.inputs(target)
            #expect(inputs.allSatisfy { $0.count <= target.maximumBytes } && inputs.count <= 40, "\(target.name)")
        }
    }
}
