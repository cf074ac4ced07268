/// Catch-up of a long log beside that of a tenth of it.
struct ScaleBench {
    let run: BenchRun

    func measure() throws -> BenchFigures {
        var small = CatchUpBench(try run.part("tenth", events: max(UInt64(CatchUpBench.cities), run.events / 10)))
        small.checksConvergence = false
        let tenth = try small.measure()
        var large = CatchUpBench(try run.part("whole"))
        // The cities would take in three quarters of it each, which says nothing about the aggregator.
        large.checksConvergence = false
        let whole = try large.measure()
        var figures = BenchFigures("Scale: catch-up of \(grouped(run.events)) events, and of a tenth of them")
        figures.add(whole)
        for (name, label) in [("durable", "durable"), ("answerable", "answerable")] {
            let key = "events_per_second_\(name)"
            figures.add("tenth_\(key)", "a tenth of the events: \(label)", tenth[key], unit: "events/s")
            figures.add("rate_to_tenth_\(name)", "rate by that of a tenth, \(label)", whole[key], per: tenth[key])
        }
        return figures
    }
}
