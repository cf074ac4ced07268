internal import Federation

/// The residents' years, one day after another.
///
/// It holds the residents (40 bytes or so each) and what waits for a day within the next 127; never what is past. A
/// resident's life follows from seed, index and day alone: more residents, or more years, leave the lives that there were
/// as they were.
package struct ResidentStream: Sequence, IteratorProtocol, Sendable {
    package let scenario: Scenario
    let towns: Towns
    let conduct: ConductTable
    var residents: [Resident]
    var agenda = Agenda<Plan>()
    /// Occurrences of each node so far.
    var recorded: [UInt64]
    /// Those of today so far.
    var occurrences: [Occurrence] = []
    /// The day that `nextDay` gives next, from 1970-01-01.
    package private(set) var today: UInt32

    package init(_ scenario: Scenario) {
        let seedKey = key(seed: scenario.population.seed, for: "residents")
        let towns = Towns(scenario)
        let conduct = ConductTable(scenario, seedKey: seedKey)
        self.scenario = scenario
        self.towns = towns
        self.conduct = conduct
        residents = (0..<scenario.residents).map {
            Resident(index: $0, towns: towns, conduct: conduct, scenario: scenario, seedKey: seedKey)
        }
        recorded = Array(repeating: 0, count: scenario.nodes.count)
        today = scenario.startDay
    }

    /// Records and corrections that wait for a later day.
    package var waiting: Int { agenda.count }

    /// What is recorded on the next day, in order; nil after the last day. Corrections come before the day's new records.
    package mutating func nextDay() -> [Occurrence]? {
        guard today < scenario.endDay else { return nil }
        occurrences = []
        occurrences.reserveCapacity(residents.count / 16)
        for plan in agenda.takeToday() { carryOut(plan) }
        for index in residents.indices { live(index) }
        agenda.endDay()
        today += 1
        defer { occurrences = [] }
        return occurrences
    }

    package mutating func next() -> [Occurrence]? { nextDay() }

    /// One draw decides whether the day of a resident has anything to it; most have not.
    @inline(__always)
    private mutating func live(_ index: Int) {
        let resident = residents[index]
        let draw = scrambled(resident.key &+ UInt64(today) &* goldenStep)
        if UInt16(truncatingIfNeeded: draw >> 32) < resident.tripDays, today >= resident.homeAgain {
            travel(index, luck: draw)
        }
        if UInt32(truncatingIfNeeded: draw) < resident.observedDays { observe(residents[index], luck: draw) }
    }

    private mutating func travel(_ index: Int, luck: UInt64) {
        var draws = Draws(~luck)
        residents[index].visited = towns.other(than: residents[index].home, &draws)
        residents[index].homeAgain = today + UInt32(draws.within(1...14))
    }

    /// Something is observed: by the city where it happens, or at home if it happens in the digital world.
    private mutating func observe(_ resident: Resident, luck: UInt64) {
        var draws = Draws(luck)
        let index = conduct.draw(residentKey: resident.key, &draws)
        let factor = conduct.factors[index]
        let city = factor.isDigital ? resident.home : resident.whereabouts(on: today)
        let quantity = factor.comesInSeveral && draws.chance(1, in: 8) ? Int32(draws.within(2...3)) : 1
        let second = secondCity(resident, city: city, &draws)
        // What two cities know of has a number by which they know it.
        let number = UInt32(truncatingIfNeeded: draws.next())
        let isNumbered = !draws.chance(1, in: 8) || second != nil
        let report = Report(
            city: city, firstCity: city, factor: UInt16(index), quantity: quantity, day: today,
            number: isNumbered ? number : nil, subject: resident.subject, luck: draws.next())
        // One record in 24 comes weeks late.
        file(report, afterDays: draws.chance(1, in: 24) ? draws.within(7...56) : 0)
        guard let second else { return }
        let copy = Report(
            city: second, firstCity: city, factor: report.factor, quantity: quantity, day: today, number: number,
            subject: resident.subject, luck: draws.next())
        file(copy, afterDays: draws.chance(1, in: 3) ? 0 : draws.within(1...21))
    }

    /// A city that reports the same occurrence: the home city that hears of it in one case of four abroad, another city
    /// in one of 64.
    private func secondCity(_ resident: Resident, city: UInt16, _ draws: inout Draws) -> UInt16? {
        guard towns.count > 1 else { return nil }
        if city != resident.home { return draws.chance(1, in: 4) ? resident.home : nil }
        return draws.chance(1, in: 64) ? towns.other(than: city, &draws) : nil
    }

    private mutating func file(_ report: Report, afterDays delay: Int) {
        if delay == 0 { carryOut(.report(report)) } else { agenda.add(.report(report), afterDays: delay) }
    }
}
