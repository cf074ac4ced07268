internal import Encoding
internal import Federation
internal import Foundation
internal import NodeRuntime
internal import Scoring

/// A CSV file imported into one city that runs, with everything that recording promises, and imported again.
struct ImportBench {
    private static let city = 1
    let run: BenchRun

    func measure() throws -> BenchFigures {
        run.note("making the nodes")
        let federation = try BenchFederation.make(at: run.workspace.path + "/nodes", cities: 1)
        let file = run.workspace.path + "/records.csv"
        run.note("writing the file")
        try Self.write(run.events, to: file)
        defer { if !run.workspace.isKept { unlink(file) } }
        return try Fleet.run(federation, run.signals) { fleet in
            // The aggregator confirms that the city has no past; what is measured is the city alone.
            try fleet.startAll()
            try fleet.stop(BenchFederation.aggregator)
            run.note("the city imports")
            let first = try importFile(file, into: fleet)
            run.note("the city imports the same again")
            let second = try importFile(file, into: fleet)
            guard first.recorded == run.events, second.recorded == 0,
                try fleet.standing(Self.city).own?.published == run.events
            else {
                throw NodeFailure(
                    .refused, "\(first.recorded) of \(run.events) rows were recorded, and \(second.recorded) a second time")
            }
            var figures = BenchFigures("Import: a CSV file into one city, checked, deduplicated, signed, synchronous=FULL")
            figures.add("events", "rows", run.events)
            figures.add(
                "events_per_second", "recorded, from the start of the import", rate(run.events, nanoseconds: first.nanoseconds),
                unit: "events/s")
            figures.add(
                "known_events_per_second", "the same again, all known", rate(run.events, nanoseconds: second.nanoseconds),
                unit: "events/s")
            figures.add(
                "processor_us_per_event", "processor time of the city", first.processor / 1_000, per: run.events,
                unit: "µs an event")
            figures.add(
                "peak_memory_bytes", "peak memory of the city", fleet.process(Self.city)?.peakMemoryBytes ?? 0, unit: "bytes")
            return figures
        }
    }

    private static func write(_ count: UInt64, to path: String) throws {
        var source = BenchEvents(seed: "import", letter: "i")
        var text = Array("day,subject,factor,quantity,reference\n".utf8)
        for _ in 0..<count {
            guard case .body(let day, let subject, .observation(let factor, let quantity, let reference)) = source.next()
            else { continue }
            text += Array("\(CalendarDay(dayNumber: Int64(day))),\(subject),".utf8) + factor
            text += Array(",\(quantity),".utf8) + reference + [UInt8(ascii: "\n")]
        }
        try writeFile(path, text)
    }

    private struct Outcome {
        let recorded: UInt64
        let nanoseconds: UInt64
        /// Processor time of the city in nanoseconds.
        let processor: UInt64
    }

    /// Runs `concord import` as an operator would.
    private func importFile(_ path: String, into fleet: Fleet) throws -> Outcome {
        let log = run.workspace.path + "/import.log"
        try? FileManager.default.removeItem(atPath: log)
        let processor = fleet.process(Self.city)?.processorNanoseconds ?? 0
        let started = steadyNanoseconds()
        let child = try ChildProcess(
            arguments: ["import", path, "--json", "--data", fleet.federation.folders[Self.city].path], logPath: log)
        var ending: ProcessEnding?
        while ending == nil {
            if run.signals.signal != nil { child.send(SIGINT) }
            usleepMilliseconds(1)
            ending = child.ending()
        }
        let ended = steadyNanoseconds()
        try run.signals.check()
        let said = try readFile(log, limit: 1 << 20)
        guard let ending, ending.isClean else {
            throw NodeFailure(.refused, "the import failed: \(String(decoding: said, as: UTF8.self))")
        }
        var answer = try Answer(JSONValue.parse(said))
        return Outcome(
            recorded: UInt64(clamping: try answer.number("recorded")), nanoseconds: ended - started,
            processor: (fleet.process(Self.city)?.processorNanoseconds ?? 0) - processor)
    }
}
