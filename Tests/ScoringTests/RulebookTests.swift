import Cryptography
import Encoding
import Scoring
import Testing

struct RulebookTests {
    @Test func everyMemberIsRead() throws {
        let text = """
            {"$schema": "rulebook.schema.json", "name": "pilot", "version": 3, "population": "synthetic", "purpose": "p",
            "start_day": "2019-01-01", "base": 1000, "minimum": 350, "maximum": 1300,
            "factors": [{"code": "traffic.offence", "title": "Offence", "realm": "life", "category": "road-safety",
            "purpose": "p", "points": -5, "expires_after_days": 730, "yearly_cap": 50}],
            "streaks": [{"code": "streak.clean", "title": "Clean", "points": 1, "every_days": 30, "cap": 60}],
            "tiers": [{"name": "A", "from": 960, "effects": ["loan"]}, {"name": "C", "from": -5, "effects": []},
            {"name": "B", "from": 500, "effects": []}],
            "effects": [{"code": "loan", "title": "Low rate", "kind": "benefit", "purpose": "p"}]}
            """
        let rulebook = try Rulebook.parse(bytes: Array(text.utf8))
        #expect(rulebook.hash == sha256(Array(text.utf8)))
        #expect(rulebook.name == "pilot" && rulebook.version == 3 && rulebook.population == .synthetic)
        #expect(rulebook.startDay == 17_897)
        #expect(rulebook.base == 1_000 && rulebook.minimum == 350 && rulebook.maximum == 1_300)
        let factor = try #require(rulebook.factors.first)
        #expect(factor.code == "traffic.offence" && factor.title == "Offence" && factor.realm == .life)
        #expect(factor.category == "road-safety" && factor.purpose == "p" && factor.points == -5)
        #expect(factor.expiresAfterDays == 730 && factor.yearlyCap == 50)
        let streak = try #require(rulebook.streaks.first)
        #expect(streak.points == 1 && streak.everyDays == 30 && streak.cap == 60)
        #expect(rulebook.effect("loan")?.kind == .benefit)
        let tiers = [(350, "C"), (499, "C"), (500, "B"), (959, "B"), (960, "A"), (1_300, "A")] as [(Int64, String)]
        for (score, name) in tiers { #expect(rulebook.tiers[rulebook.tier(of: score)].name == name) }
    }

    @Test func theWordsTellEveryRule() throws {
        var text = RulebookText()
        text.factors = #"""
            {"code": "f", "title": "Offence", "realm": "digital", "category": "c", "points": -7,
            "expires_after_days": 731, "yearly_cap": 53}
            """#
        text.streaks = #"{"code": "s", "title": "Clean", "points": 2, "every_days": 30, "cap": 61}"#
        let words = try text.rulebook.words.joined(separator: "\n")
        for part in [
            "2024-01-01", "1000", "350", "1300", "Offence", "digital", "c", "-7", "731", "53", "Clean", "+2", "30",
            "61",
            "A, from 960: E.", "B, from 350: no effects.", "e: E, a benefit.",
        ] {
            #expect(words.contains(part), "\(part)")
        }
    }

    @Test(
        arguments: [
            (#""version": 1,"#, "", "version: is missing: give a whole number"),
            (#""version": 1"#, #""version": 0"#, "version: must be from 1 to 2147483647, not 0"),
            (#""version": 1"#, #""version": 1.5"#, "numbers are whole here: write it without fraction or exponent"),
            (#""name": "n""#, #""name": " ""#, "name: must not be empty"),
            (#""purpose": "test","#, "", "purpose: is missing: give a string"),
            (
                #""population": "synthetic""#, #""population": "people""#,
                #"population: must be one of "synthetic", "enrolled", not "people""#
            ),
            (
                #""start_day": "2024-01-01""#, #""start_day": "2023-02-29""#,
                "start_day: must be a day from 1970-01-01 on, written YYYY-MM-DD"
            ),
            (
                #""start_day": "2024-01-01""#, #""start_day": "1969-12-31""#,
                "start_day: must be a day from 1970-01-01 on, written YYYY-MM-DD"
            ),
            (#""base": 1000"#, #""base": 1301"#, "base: must lie between minimum (350) and maximum (1300), not 1301"),
            (#""base": 1000"#, #""base": 349"#, "base: must lie between minimum (350) and maximum (1300), not 349"),
            (
                #""maximum": 1300"#, #""maximum": 2147483648"#,
                "maximum: must be from -2147483647 to 2147483647, not 2147483648"
            ),
            (
                #""points": 1}"#, #""points": 1000001}"#,
                "factors[0].points: must be from -1000000 to 1000000, not 1000001"
            ),
            (
                #""points": 1}"#, #""points": -1000001}"#,
                "factors[0].points: must be from -1000000 to 1000000, not -1000001"
            ),
            (
                #""points": 1}"#, #""points": 1, "yearly_cap": -1}"#,
                "factors[0].yearly_cap: must be from 0 to 2147483647, not -1"
            ),
            (
                #""points": 1}"#, #""points": 1, "expires_after_days": -1}"#,
                "factors[0].expires_after_days: must be from 0 to 2147483647, not -1"
            ),
            (
                #""points": 1}"#, #""points": 1, "expires_after_days": null}"#,
                "factors[0].expires_after_days: must be a whole number, not null"
            ),
            (
                #""points": 1}"#, #""points": 1, "secret": true}"#,
                "factors[0].secret: is not a member known here: remove it or correct its name"
            ),
            (#""title": "F","#, "", "factors[0].title: is missing: give a string"),
            (#""title": "F""#, #""title": """#, "factors[0].title: must not be empty"),
            (#""title": "F""#, #""title": "\u001b[2J""#, "factors[0].title: must not hold control characters"),
            (
                #""realm": "life""#, #""realm": "afterlife""#,
                #"factors[0].realm: must be one of "life", "digital", not "afterlife""#
            ),
            (#""code": "f""#, #""code": """#, "factors[0].code: must not be empty"),
            (
                #""code": "f""#, "\"code\": \"\(String(repeating: "x", count: 65))\"",
                "factors[0].code: must have at most 64 bytes"
            ),
            (
                #""points": 1}"#, #""points": 1}, {"code": "f", "title": "G", "realm": "life", "points": 2}"#,
                #"factors[1].code: "f" comes twice: give each its own"#
            ),
            (
                #""streaks": []"#, #""streaks": [{"code": "s", "title": "S", "points": 1, "every_days": 0}]"#,
                "streaks[0].every_days: must be from 1 to 2147483647, not 0"
            ),
            (
                #""streaks": []"#, #""streaks": [{"code": "s", "title": "S", "points": -1, "every_days": 1}]"#,
                "streaks[0].points: must be from 0 to 2147483647, not -1"
            ),
            (
                #""streaks": []"#,
                #""streaks": [{"code": "s", "title": "S", "points": 1, "every_days": 1, "cap": -1}]"#,
                "streaks[0].cap: must be from 0 to 2147483647, not -1"
            ),
            (#""streaks": [],"#, "", "streaks: is missing: give an array"),
            (
                #""from": 350"#, #""from": 960"#,
                "tiers[1].from: another tier begins at 960 too: give each its own threshold"
            ),
            (
                #""from": 350"#, #""from": 351"#,
                "tiers: the lowest must reach down to the minimum: let one be from 350 or less"
            ),
            (#""name": "B""#, #""name": "A""#, #"tiers[1].name: "A" comes twice: give each its own"#),
            (#"["e"]"#, #"["e", "x"]"#, #"tiers[0].effects[1]: there is no effect "x": list it under effects"#),
            (#"["e"]"#, #"["e", "e"]"#, #"tiers[0].effects[1]: "e" stands there already: remove one"#),
            (
                #""kind": "benefit""#, #""kind": "fine""#,
                #"effects[0].kind: must be one of "benefit", "visibility", "restriction", "review", not "fine""#
            ),
            (#""name": "n""#, #""name": "n", "name": "m""#, #"duplicate member "name""#),
        ] as [(String, String, String)])
    func whatBreaksARuleOfTheFormatIsRefusedByName(part: String, replacement: String, expected: String) {
        let good = RulebookText().text
        let bad = good.replacing(part, with: replacement, maxReplacements: 1)
        #expect(bad != good)
        do throws(JSONFailure) {
            _ = try Rulebook.parse(bytes: Array(bad.utf8))
            Issue.record("taken: \(bad)")
        } catch {
            #expect(error.description.hasSuffix(expected), "\(error)")
            #expect(error.description.hasPrefix("line "))
        }
    }

    @Test func atMost4096Factors() throws {
        func text(_ count: Int) -> RulebookText {
            var text = RulebookText()
            text.factors = (0..<count)
                .map { #"{"code": "f\#($0)", "title": "F", "realm": "life", "points": 1}"# }.joined(separator: ",")
            return text
        }
        #expect(try text(4_096).rulebook.factors.count == 4_096)
        #expect(throws: JSONFailure.self) { try text(4_097).rulebook }
    }
}
