import Encoding
import Federation
import Foundation
import NodeRuntime
import Storage
import Testing
import TransparencyLog

/// The data folder that a node of version 1 left is opened, answers as it did, and goes on.
struct V1FolderTests {
    private static let day: JSONValue = 19_000
    /// What the node of version 1 answered, and all three nodes attested.
    private static let root = "IT6jtNkOEE+o4ASwKpyiMuKrRljqYqIaDtYIhFL8vGQ="
    private static let scores: [(subject: UInt64, score: JSONValue)] = [(0, 1_039), (3, 1_042), (6, 1_039), (9, 1_039)]

    private static func ask(_ commands: NodeCommands, _ request: JSONValue, drafts: [UInt8]? = nil) throws -> JSONValue {
        try commands.handle(request, drafts: drafts) { _ in }
    }

    private static func subject(_ index: UInt64) -> SubjectID {
        SyntheticPopulation(seed: Array("test".utf8), size: 1_000).subject(index)
    }

    private static func check(_ commands: NodeCommands) throws {
        let standings = try ask(commands, ["command": "standings", "day": day])
        #expect(standings["root"] == .string(root) && standings["subjects"] == 10)
        for (subject, score) in scores {
            let answer = try ask(commands, ["command": "score", "subject": .string("\(self.subject(subject))"), "day": day])
            #expect(answer["score"] == score)
        }
        let status = try ask(commands, ["command": "status"])
        #expect(status["node"] == "north" && status["forks"] == ["test.example/south/1"])
        guard case .array(let logs)? = status["logs"]?.content else { throw NodeFailure(.internal, "no logs") }
        #expect(logs.map { $0["published"] } == [304, 1, 1] && logs.map { $0["folded"] } == [304, 1, 1])
    }

    @Test func aDataFolderOfVersion1AnswersAsItDid() throws {
        let copy = try FixtureCopy("folder")
        let commands = try NodeCommands(opening: NodeFolder(copy.path))
        try Self.check(commands)
        let verified = try Self.ask(commands, ["command": "verify"])
        #expect(verified["sound"] == true, "\(verified.text)")
        try commands.close()
    }

    @Test func itsStandingsAreThoseThatAreFoldedAgainFromItsLog() throws {
        let copy = try FixtureCopy("folder")
        try FileManager.default.removeItem(atPath: copy.path + "/standings.sqlite")
        let commands = try NodeCommands(opening: NodeFolder(copy.path))
        try Self.check(commands)
        try commands.close()
    }

    @Test func itRecordsOnWithoutForgettingAnything() throws {
        let copy = try FixtureCopy("folder")
        try Self.record(copy)
        let again = try NodeCommands(opening: NodeFolder(copy.path))
        let score = try Self.ask(again, ["command": "score", "subject": .string("\(Self.subject(0))"), "day": Self.day])
        #expect(score["score"] == 1_042)
        let verified = try Self.ask(again, ["command": "verify"])
        #expect(verified["sound"] == true && verified["entries"] == 307, "\(verified.text)")
        try again.close()
    }

    private static func record(_ copy: FixtureCopy) throws {
        let commands = try NodeCommands(opening: NodeFolder(copy.path))
        let draft = Draft.body(
            day: 18_990, subject: Self.subject(0),
            content: .observation(factor: Array("plus".utf8), quantity: 1, reference: Array("later".utf8)))
        let answer = try ask(commands, ["command": "record"], drafts: DraftCoding.encode([draft]))
        #expect(answer["added"] == 1 && answer["first"] == 304)
        try commands.close()
    }

    @Test func theLastPublishedCheckpointIsRead() throws {
        let file = try Fixtures.v1("folder/published")
        let slots = [0, 1].map {
            PublishedFile.checkpoint(inSlot: file.dropFirst($0 * PublishedFile.slotBytes).prefix(PublishedFile.slotBytes))
        }
        #expect(slots.compactMap { $0?.size }.max() == 304)
    }
}
