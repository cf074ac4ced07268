import Federation
import Scoring
import Testing

/// What lies in `Topology/` is what a node accepts.
struct FederationFolderTests {
    @Test(arguments: ["pilot", "volunteer"])
    func topologyAndRulebookAreAccepted(federation: String) throws {
        let topology = try Repository.topology(federation)
        let rulebook = try Repository.rulebook(federation)
        #expect(topology.federation == "\(federation).concord.example")
        #expect(rulebook.name == federation)
        #expect((topology.population != nil) == (rulebook.population == .synthetic))
        #expect(topology.nodes.filter { $0.roles.contains(.aggregator) && $0.isAuthority }.count == 1)
    }

    @Test(arguments: ["pilot", "volunteer"])
    func aCityCutOffFromTheAggregatorStillHasANeighbour(federation: String) throws {
        let topology = try Repository.topology(federation)
        let aggregator = try #require(topology.nodes.firstIndex { $0.roles.contains(.aggregator) })
        for city in topology.nodes.indices where city != aggregator {
            #expect(topology.areLinked(city, aggregator))
            let neighbours = topology.nodes.indices.filter { $0 != aggregator && topology.areLinked(city, $0) }
            #expect(neighbours.count >= 2, "\(topology.nodes[city].name) has too few neighbours")
        }
        for node in topology.nodes {
            for peer in node.peers {
                let other = try #require(topology.nodes.first { $0.name == peer })
                #expect(other.peers.contains(node.name), "\(peer) does not name \(node.name)")
            }
        }
    }

    @Test(arguments: ["pilot", "volunteer"])
    func everyEffectBelongsToATierAndHigherTiersAreNotWorse(federation: String) throws {
        let rulebook = try Repository.rulebook(federation)
        #expect(Set(rulebook.tiers.flatMap(\.effects)) == Set(rulebook.effects.map(\.code)))
        let fromTheTop = rulebook.tiers.sorted { $0.from > $1.from }
        #expect(rulebook.tiers.map(\.name) == fromTheTop.map(\.name))
        for (higher, lower) in zip(fromTheTop, fromTheTop.dropFirst()) {
            let kinds = { (tier: Rulebook.Tier, kind: Rulebook.Effect.Kind) in
                Set(tier.effects.filter { rulebook.effect($0)?.kind == kind })
            }
            #expect(kinds(higher, .benefit).isSuperset(of: kinds(lower, .benefit)))
            #expect(kinds(higher, .restriction).isSubset(of: kinds(lower, .restriction)))
        }
    }

    /// Issue 2 lists what public reporting names; each line of it has its factor or effect.
    @Test func thePilotHasWhatReportingNames() throws {
        let rulebook = try Repository.rulebook("pilot")
        func codes(_ realm: Rulebook.Realm, _ sign: Int64) -> Set<String> {
            Set(rulebook.factors.filter { $0.realm == realm && $0.points.signum() == sign }.map(\.code))
        }
        #expect(
            codes(.life, -1).isSuperset(of: [
                "traffic.offence", "traffic.crossing", "crime.minor", "crime.serious", "purchase.irresponsible",
                "conduct.public-place", "association.foreign", "health.bad",
            ]))
        #expect(codes(.life, 1) == ["debt.low", "credit.repaid", "employment.good"])
        #expect(
            codes(.digital, -1) == [
                "games.violent", "games.disapproved", "post.wrong-information", "post.government-critical",
                "network.excessive", "browsing.blocked-site", "loan.doubtful-application", "loan.high-amount",
            ])
        #expect(codes(.digital, 1) == ["internet.little-use"])
        #expect(rulebook.streaks.contains { $0.points > 0 })
        #expect(rulebook.factors.allSatisfy { $0.title.hasSuffix("(points chosen)") })
        #expect(Set(rulebook.effects.map(\.kind)) == [.benefit, .visibility, .restriction])
    }

    @Test func theVolunteersHaveOnlyBenefitsAndNoMinus() throws {
        let rulebook = try Repository.rulebook("volunteer")
        #expect(rulebook.effects.allSatisfy { $0.kind == .benefit })
        #expect(rulebook.factors.allSatisfy { $0.points > 0 })
    }

    @Test func theSampleRecordsAreOfPseudonymsWhoHadJoined() throws {
        let rulebook = try Repository.rulebook("volunteer")
        var joined: [String: CalendarDay] = [:]
        for row in try rows("volunteer/enrolments.csv", header: "kind,day,subject,statement") {
            #expect(row[0] == "enrolment" && SubjectID(hex: row[2]) != nil)
            let day = try #require(CalendarDay(row[1]))
            joined[row[2]] = day
        }
        for row in try rows("volunteer/records.csv", header: "day,subject,factor,quantity,reference") {
            let day = try #require(CalendarDay(row[0]))
            let enrolled = try #require(joined[row[1]])
            #expect(enrolled.dayNumber <= day.dayNumber && day.dayNumber >= rulebook.startDay)
            #expect(rulebook.factors.contains { $0.code == row[2] })
            #expect(try #require(Int32(row[3])) >= 1 && !row[4].isEmpty)
        }
    }

    /// Rows of a CSV file whose quoted fields come last.
    private func rows(_ path: String, header: String) throws -> [[String]] {
        let lines = String(decoding: try Repository.file(path), as: UTF8.self).split(separator: "\n").map(String.init)
        #expect(lines.first == header)
        let columns = header.split(separator: ",").count
        return lines.dropFirst().map { $0.split(separator: ",", maxSplits: columns - 1).map(String.init) }
    }
}
