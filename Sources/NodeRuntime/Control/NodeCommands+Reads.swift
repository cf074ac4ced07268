internal import Encoding
internal import Federation

extension NodeCommands {
    /// Takes down that a subject's score is read, before it is answered.
    func note(_ what: Reading.Subject, of subject: SubjectID, by reader: Reader) throws {
        try note(what, from: subject, to: subject, by: reader)
    }

    func note(_ what: Reading.Subject, from first: SubjectID, to last: SubjectID, by reader: Reader) throws {
        try node.readLog.note(
            Reading(
                atMilliseconds: node.wallMilliseconds, reader: reader.name, what: what, first: first, last: last), by: reader)
    }

    /// The newest readings of a subject's score: who, what, when.
    func reads(_ request: inout JSONObjectReader) throws -> JSONValue {
        let subject = try subject(&request)
        let limit = Int(try request.optionalInteger("limit", in: 1...10_000) ?? 1_000)
        let (readings, total) = try node.folder.readings(of: subject, limit: limit)
        return [
            "subject": .string("\(subject)"), "total": .integer(Int64(total)), "reads": .array(readings.map(\.json)),
        ]
    }
}
