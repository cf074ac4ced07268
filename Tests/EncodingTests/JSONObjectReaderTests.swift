import Encoding
import Testing

private func reader(_ text: String) throws(JSONFailure) -> JSONObjectReader {
    try JSONObjectReader(JSONValue.parse(Array(text.utf8)))
}

struct JSONObjectReaderTests {
    @Test func membersAreTakenByNameAndType() throws {
        var top = try reader(
            #"{"$schema": 1, "s": "x", "i": 7, "b": true, "o": {"k": 1}, "os": [{"k": 2}, {"k": 3}], "ss": ["a"]}"#)
        #expect(try top.string("s") == "x")
        #expect(try top.integer("i", in: 7...7) == 7)
        #expect(try top.optionalBoolean("b") == true)
        #expect(try top.optionalInteger("absent") == nil)
        #expect(try top.optionalString("absent") == nil)
        #expect(try top.optionalObject("absent")?.path == nil)
        #expect(try top.strings("ss") == ["a"])
        var object = try top.object("o")
        #expect(try object.integer("k") == 1)
        #expect(throws: Never.self) { try object.finish() }
        var keys: [Int64] = []
        for var element in try top.objects("os") { keys.append(try element.integer("k")) }
        #expect(keys == [2, 3])
        #expect(throws: Never.self) { try top.finish() }
    }

    @Test(arguments: [
        (#"[]"#, "line 1, column 1: must be an object, not an array"),
        (#"{}"#, "line 1, column 1: version: is missing: give a whole number"),
        (#"{"version": "1"}"#, "line 1, column 13: version: must be a whole number, not a string"),
        (#"{"version": null}"#, "line 1, column 13: version: must be a whole number, not null"),
        (#"{"version": 10}"#, "line 1, column 13: version: must be from 1 to 9, not 10"),
        (#"{"version": 1}"#, "line 1, column 1: nodes: is missing: give an array"),
        (#"{"version": 1, "nodes": {}}"#, "line 1, column 25: nodes: must be an array, not an object"),
        (
            #"{"version": 1, "nodes": [{"name": "a", "tags": []}, 3]}"#,
            "line 1, column 53: nodes[1]: must be an object, not a number"
        ),
        (
            #"{"version": 1, "nodes": [{"name": "a", "tags": []}, {"name": 3}]}"#,
            "line 1, column 62: nodes[1].name: must be a string, not a number"
        ),
        (
            #"{"version": 1, "nodes": [{"name": "a", "tags": ["x", true]}]}"#,
            "line 1, column 54: nodes[0].tags[1]: must be a string, not a boolean"
        ),
        (
            #"{"version": 1, "nodes": [{"name": "a", "tags": [], "$schema": ""}]}"#,
            "line 1, column 63: nodes[0].$schema: is not a member known here: remove it or correct its name"
        ),
        (
            #"{"version": 1, "nodes": [], "Version": 1}"#,
            "line 1, column 40: Version: is not a member known here: remove it or correct its name"
        ),
    ])
    func errorsNameTheMemberAndItsPlace(text: String, expected: String) {
        do throws(JSONFailure) {
            try readAll(text)
            Issue.record("taken: \(text)")
        } catch {
            #expect(error.description == expected)
        }
    }

    private func readAll(_ text: String) throws(JSONFailure) {
        var top = try reader(text)
        _ = try top.integer("version", in: 1...9)
        for var node in try top.objects("nodes") {
            _ = try node.string("name")
            _ = try node.strings("tags")
            try node.finish()
        }
        try top.finish()
    }
}
