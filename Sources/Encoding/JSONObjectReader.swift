/// Takes the members of one object by name and type. Every error names the member by its path from the top, its place
/// in the text, and what should stand there. What was not taken is unknown, and `finish` refuses it.
///
///     var reader = try JSONObjectReader(JSONValue.parse(bytes))
///     let name = try reader.string("name")
///     let version = try reader.integer("version", in: 1...Int64(Int32.max))
///     let cap = try reader.optionalInteger("cap")
///     for node in try reader.objects("nodes") { … }
///     try reader.finish()
package struct JSONObjectReader {
    /// The object's own path; empty at the top.
    package let path: String
    package let position: JSONPosition?
    private let members: [JSONMember]
    private var isTaken: [Bool]

    /// Throws if the value is not an object.
    package init(_ value: JSONValue, path: String = "") throws(JSONFailure) {
        guard case .object(let members) = value.content else {
            throw JSONFailure(at: value.position, path: path, "must be an object, not \(value.typeName)")
        }
        self.path = path
        self.position = value.position
        self.members = members
        self.isTaken = Array(repeating: false, count: members.count)
    }

    /// The path of a member of this object.
    package func path(of name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

    /// An error about a member, at its place, or at the object's if it is absent.
    package func failure(_ name: String, _ message: String) -> JSONFailure {
        let member = members.first { $0.name.utf8.elementsEqual(name.utf8) }
        return JSONFailure(at: member?.value.position ?? position, path: path(of: name), message)
    }

    /// The member of whatever type; nil if it is absent.
    package mutating func optionalValue(_ name: String) -> JSONValue? {
        guard let place = members.firstIndex(where: { $0.name.utf8.elementsEqual(name.utf8) }) else { return nil }
        isTaken[place] = true
        return members[place].value
    }

    package mutating func value(_ name: String) throws(JSONFailure) -> JSONValue {
        guard let value = optionalValue(name) else { throw failure(name, "is missing") }
        return value
    }

    /// Refuses members that nobody took; `$schema` may stand at the top.
    package func finish() throws(JSONFailure) {
        for (place, member) in members.enumerated() where !isTaken[place] {
            if path.isEmpty, member.name.utf8.elementsEqual("$schema".utf8) { continue }
            throw failure(member.name, "is not a member known here: remove it or correct its name")
        }
    }
}

extension JSONObjectReader {
    package mutating func optionalString(_ name: String) throws(JSONFailure) -> String? {
        guard let value = optionalValue(name) else { return nil }
        guard case .string(let string) = value.content else { throw mismatch(name, value, "a string") }
        return string
    }

    package mutating func string(_ name: String) throws(JSONFailure) -> String {
        guard let string = try optionalString(name) else { throw failure(name, "is missing: give a string") }
        return string
    }

    package mutating func optionalInteger(
        _ name: String, in range: ClosedRange<Int64> = .min ... .max
    ) throws(JSONFailure) -> Int64? {
        guard let value = optionalValue(name) else { return nil }
        guard case .integer(let integer) = value.content else { throw mismatch(name, value, "a whole number") }
        guard range.contains(integer) else {
            throw failure(name, "must be from \(range.lowerBound) to \(range.upperBound), not \(integer)")
        }
        return integer
    }

    package mutating func integer(
        _ name: String, in range: ClosedRange<Int64> = .min ... .max
    ) throws(JSONFailure) -> Int64 {
        guard let integer = try optionalInteger(name, in: range) else {
            throw failure(name, "is missing: give a whole number")
        }
        return integer
    }

    package mutating func optionalBoolean(_ name: String) throws(JSONFailure) -> Bool? {
        guard let value = optionalValue(name) else { return nil }
        guard case .boolean(let boolean) = value.content else { throw mismatch(name, value, "true or false") }
        return boolean
    }

    package mutating func optionalObject(_ name: String) throws(JSONFailure) -> JSONObjectReader? {
        guard let value = optionalValue(name) else { return nil }
        return try JSONObjectReader(value, path: path(of: name))
    }

    package mutating func object(_ name: String) throws(JSONFailure) -> JSONObjectReader {
        guard let object = try optionalObject(name) else { throw failure(name, "is missing: give an object") }
        return object
    }

    /// The elements of an array of any types.
    package mutating func optionalArray(_ name: String) throws(JSONFailure) -> [JSONValue]? {
        guard let value = optionalValue(name) else { return nil }
        guard case .array(let elements) = value.content else { throw mismatch(name, value, "an array") }
        return elements
    }

    package mutating func array(_ name: String) throws(JSONFailure) -> [JSONValue] {
        guard let array = try optionalArray(name) else { throw failure(name, "is missing: give an array") }
        return array
    }

    /// An array of objects; each reads on under its path, as in `nodes[2]`.
    package mutating func objects(_ name: String) throws(JSONFailure) -> [JSONObjectReader] {
        var readers: [JSONObjectReader] = []
        for element in try array(name) {
            readers.append(try JSONObjectReader(element, path: "\(path(of: name))[\(readers.count)]"))
        }
        return readers
    }

    package mutating func strings(_ name: String) throws(JSONFailure) -> [String] {
        var strings: [String] = []
        for element in try array(name) {
            guard case .string(let string) = element.content else {
                let path = "\(path(of: name))[\(strings.count)]"
                throw JSONFailure(at: element.position, path: path, "must be a string, not \(element.typeName)")
            }
            strings.append(string)
        }
        return strings
    }

    private func mismatch(_ name: String, _ value: JSONValue, _ wanted: String) -> JSONFailure {
        failure(name, "must be \(wanted), not \(value.typeName)")
    }
}
