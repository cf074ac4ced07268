internal import Encoding
internal import HTTPTypes
internal import Hummingbird
internal import NodeRuntime
internal import Scoring

extension Dashboard {
    /// The first page: the federation now, and the population's scores.
    func federation(_ request: WebRequest) async throws -> Response {
        guard let sample = live.sample else {
            throw WebProblem.busy(
                .serviceUnavailable, "starting", "the node has only just begun: try again", retryAfterSeconds: 1)
        }
        let day = try request.day() ?? normalDay ?? node.commands.today
        var values = frame("\(sample.status.words("title") ?? "A node")", request)
        values.merge(LiveView(sample: sample, rates: live.rates).values) { $1 }
        values["day"] = "\(CalendarDay(dayNumber: Int64(day)))"
        values["mayOperate"] = request.token?.allows(.operator) ?? false
        let table: StandingsTable
        do { table = try await node.standings(day: day) } catch let problem as WebProblem
            where problem.code == WebProblem.standingsUnderWay
        {
            // The page is there at once, and asks for itself again.
            values["underWay"] = true
            return pages.page("dashboard", values, headers: [.refresh: "2"])
        }
        let distribution = try await node.run { $0.distribution(of: table) }
        let subjects = distribution.number("subjects") ?? 0
        values["hasSubjects"] = subjects > 0
        values["subjects"] = Words.grouped(subjects)
        values["rounded"] = distribution.number("rounded_to") != 1
        values["histogram"] = Plots.histogram(distribution)
        values["tiers"] = tierRows(distribution)
        if let course = course(until: day, subjects: subjects) {
            values["course"] = ["tiers": tiersPlot(course), "scores": Plots.scores(course) ?? ""]
        }
        return pages.page("dashboard", values)
    }

    private func tierRows(_ distribution: JSONValue) -> [[String: Any]] {
        zip(rulebook.tiers, distribution.list("tiers")).sorted { $0.0.from > $1.0.from }.map { tier, counted in
            [
                "tier": tier.name, "from": Words.grouped(tier.from), "subjects": Words.grouped(counted.number("subjects") ?? 0),
                "brings": brings(tier),
            ]
        }
    }

    /// Subjects that the population's course is computed of.
    private static let sample = 4_000

    /// How the population stood over time, computed behind the page. Of few enrolled people nothing is shown.
    private func course(until day: UInt32, subjects: Int64) -> [PopulationDay]? {
        let last = Int64(day)
        guard rulebook.population == .synthetic || subjects >= 100, last > rulebook.startDay else { return nil }
        let count: Int64 = 24
        let days = (1...count).compactMap { UInt32(exactly: rulebook.startDay + (last - rulebook.startDay) * $0 / count) }
        return courses.value("\(day)") { [node] in try await node.run { try $0.course(days: days, sample: Self.sample) } }
    }

    private func tiersPlot(_ course: [PopulationDay]) -> String {
        // The highest tier first.
        let order = rulebook.tiers.indices.sorted { rulebook.tiers[$0].from > rulebook.tiers[$1].from }
        return Plots.tiers(
            course.map(\.day), course.map { day in order.map { day.tiers[$0] } }, names: order.map { rulebook.tiers[$0].name })
    }
}

extension HTTPField.Name {
    static let refresh = HTTPField.Name("Refresh")!
}
