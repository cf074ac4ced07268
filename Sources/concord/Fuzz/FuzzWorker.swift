internal import Encoding
internal import NodeRuntime
internal import Simulation

/// The process that runs one target. Before each input it puts it into the mailbox, where the supervising process finds it
/// should this one crash or hang. Its one line of output is a JSON object.
struct FuzzWorker {
    private let target: FuzzTarget
    private let plan: FuzzPlan
    private let mailbox: FuzzMailbox

    init(_ target: FuzzTarget, _ plan: FuzzPlan, mailbox path: String) throws {
        guard let mailbox = FuzzMailbox(path: path, maximumBytes: FuzzMailbox.maximumInput) else {
            throw NodeFailure(.storage, "\(path) cannot be mapped: name another folder for temporary files in TMPDIR")
        }
        self.target = target
        self.plan = plan
        self.mailbox = mailbox
    }

    func run() throws {
        Lifeline.watch()
        let start = steadyMilliseconds()
        let corpus = plan.corpus.map { FuzzCorpus(path: $0) }
        do {
            let kept = try corpus?.inputs(target) ?? []
            var fuzzer = try Fuzzer(target, seed: plan.seed, corpus: kept) { [mailbox] in mailbox.put($0) }
            while fuzzer.executions < plan.executions { try fuzzer.step() }
            let elapsed = steadyMilliseconds() - start
            for input in fuzzer.worthKeeping(plan.keep, besides: kept) { try corpus?.keep(input, of: target) }
            try Output.json(["milliseconds": .integer(Int64(elapsed)), "behaviours": .integer(Int64(fuzzer.behaviours))])
        } catch let finding as Fuzzer.Finding {
            try Output.json(["failure": .string(finding.message)])
        }
    }
}
