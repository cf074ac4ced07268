import Federation
import Scoring
import Testing

struct RulebookPolicyTests {
    private static let factor =
        #"{"code": "f", "title": "F", "realm": "life", "category": "volunteering", "purpose": "hours", "points": 1}"#

    private var enrolled: RulebookText {
        var text = RulebookText()
        text.population = "enrolled"
        text.purpose = "hours"
        text.factors = Self.factor
        text.effects = #"{"code": "e", "title": "E", "kind": "benefit", "purpose": "hours"}"#
        return text
    }

    private func refusals(_ text: RulebookText) throws -> [String] {
        RulebookPolicy.refusals(of: try text.rulebook).map(\.description)
    }

    @Test func aProgrammeOfOnePurposeIsAllowed() throws {
        var text = enrolled
        #expect(try refusals(text) == [])
        text.factors += "," + Self.factor.replacing("\"f\"", with: "\"g\"").replacing("volunteering", with: "time-bank")
        text.effects += #", {"code": "r", "title": "R", "kind": "review", "purpose": "hours"}"#
        #expect(try refusals(text) == [])
        #expect(throws: Never.self) { try Rulebook.load(bytes: Array(text.text.utf8), population: nil) }
    }

    @Test func aLongPurposeIsNotRepeatedInFullForEveryFactorThatBreaksIt() throws {
        var text = enrolled
        text.purpose = String(repeating: "hours", count: 2_000)
        text.effects = (0..<200).map { #"{"code": "e\#($0 == 0 ? "" : "\($0)")", "title": "E", "kind": "benefit"}"# }.joined(
            separator: ",")
        let messages = try refusals(text)
        #expect(messages.count == 201 && messages.allSatisfy { $0.utf8.count < 500 })
    }

    @Test(arguments: RulebookPolicy.forbiddenCategories)
    func aForbiddenCategoryIsRefusedForPeopleAndAllowedForNobody(category: String) throws {
        var text = enrolled
        text.factors =
            Self.factor + ","
            + Self.factor.replacing("\"f\"", with: "\"g\"")
            .replacing("volunteering", with: category)
        #expect(
            try refusals(text) == [
                "factors[1].category \"\(category)\": an enrolled population may not score \(category)"
            ])
        text.population = "synthetic"
        #expect(try refusals(text) == [])
    }

    @Test(arguments: [
        "", "Health", "health ", "healthcare", "VOLUNTEERING", "volunteering ", "other", "volunte\u{E9}ring",
    ])
    func anUnlistedCategoryIsRefused(category: String) throws {
        var text = enrolled
        text.factors = Self.factor.replacing("volunteering", with: category)
        guard !category.isEmpty else {
            #expect(throws: (any Error).self) { try text.rulebook }
            return
        }
        let messages = try refusals(text)
        #expect(messages.count == 1)
        #expect(messages[0].hasPrefix("factors[0].category \"\(category)\": an enrolled population may score only "))
    }

    @Test func anOmittedCategoryIsRefused() throws {
        var text = enrolled
        text.factors = Self.factor.replacing(#""category": "volunteering", "#, with: "")
        let messages = try refusals(text)
        #expect(messages.count == 1)
        #expect(messages[0].hasPrefix("factors[0].category: is missing"))
    }

    @Test func twoProgrammesInOneAreRefused() throws {
        var text = enrolled
        text.factors +=
            "," + Self.factor.replacing("\"f\"", with: "\"g\"").replacing("volunteering", with: "road-safety")
        let messages = try refusals(text)
        #expect(messages.count == 1)
        #expect(
            messages[0].hasPrefix(#"factors[1].category "road-safety": an enrolled population has exactly one purpose"#)
        )
    }

    @Test(arguments: [#""purpose": "other""#, #""purpose": "Hours""#, #""realm": "life""#])
    func everyFactorAndEffectNamesThePurpose(replacement: String) throws {
        var text = enrolled
        text.factors = Self.factor.replacing(#""realm": "life", "#, with: "")
            .replacing(#""purpose": "hours""#, with: replacement)
        if !replacement.contains("realm") { text.factors = text.factors.replacing("}", with: #", "realm": "life"}"#) }
        #expect(try refusals(text).map { $0.prefix(18) } == ["factors[0].purpose"[...]])
        text = enrolled
        text.effects = #"{"code": "e", "title": "E", "kind": "benefit"}"#
        #expect(
            try refusals(text) == [
                "effects[0].purpose: an enrolled population has exactly one purpose, and each factor and effect names it: "
                    + "write \"hours\""
            ])
    }

    @Test(arguments: ["visibility", "restriction"])
    func consequencesForPeopleAreBenefitsOrReview(kind: String) throws {
        var text = enrolled
        text.effects = text.effects.replacing("benefit", with: kind)
        #expect(
            try refusals(text) == [
                "effects[0].kind \"\(kind)\": an enrolled population has only benefits, or review by a human: "
                    + "use benefit or review"
            ])
        text.population = "synthetic"
        #expect(try refusals(text) == [])
    }

    @Test func aRulebookAndItsTopologyMeanTheSamePopulation() throws {
        let generated = SyntheticPopulation(seed: [1], size: 1)
        let synthetic = Array(RulebookText().text.utf8)
        #expect(throws: Never.self) { try Rulebook.load(bytes: synthetic, population: generated) }
        #expect(throws: RulebookRefusal.self) { try Rulebook.load(bytes: synthetic, population: nil) }
        #expect(throws: RulebookRefusal.self) {
            try Rulebook.load(bytes: Array(enrolled.text.utf8), population: generated)
        }
    }

    @Test func aRefusedRulebookNamesAllThatItBreaks() throws {
        var text = enrolled
        text.factors = Self.factor.replacing("volunteering", with: "health")
        text.effects = #"{"code": "e", "title": "E", "kind": "restriction", "purpose": "hours"}"#
        do throws(RulebookRefusal) {
            _ = try Rulebook.load(bytes: Array(text.text.utf8), population: nil)
            Issue.record("loaded")
        } catch {
            let lines = error.description.split(separator: "\n")
            #expect(lines.count == 2)
            #expect(lines.first == #"factors[0].category "health": an enrolled population may not score health"#)
        }
        do throws(RulebookRefusal) {
            _ = try Rulebook.load(bytes: Array("{".utf8), population: nil)
            Issue.record("loaded")
        } catch {
            #expect(error.description.hasPrefix("line 1, column 2"))
        }
    }
}
