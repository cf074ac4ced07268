import Encoding
import SyncProtocol
import Testing

/// The messages of version 1, as they stand in its fixtures: the payload of each frame.
struct V1MessageTests {
    @Test(arguments: V1.messages.map(\.name))
    func aMessageOfVersion1IsReadAndWrittenAsItWas(_ name: String) throws {
        let message = try #require(V1.messages.first { $0.name == name }?.message)
        let payload = message.payload.flatMap { $0 }
        let bytes = try Fixtures.v1("messages/\(name).bin")
        #expect(name.hasPrefix(message.type < 10 ? "0\(message.type)-" : "\(message.type)-"))
        #expect(try Message(type: message.type, payload: bytes) == message)
        #expect(payload == bytes, "written today: \(hex(payload))")
    }

    @Test func everyTypeOfVersion1HasItsFixturesAndEveryFixtureItsTest() throws {
        #expect(Set(V1.messages.map(\.message.type)) == Set(1...17))
        #expect(try Fixtures.names("messages") == Set(V1.messages.map { "\($0.name).bin" }))
    }
}
