/// A JSON value with the place where it was read. Two values are equal if they say the same, wherever they stood;
/// strings and member names are compared as UTF-8 bytes, members in their order.
package struct JSONValue: Sendable {
    package enum Content: Sendable {
        case null
        case boolean(Bool)
        case integer(Int64)
        case string(String)
        case array([JSONValue])
        case object([JSONMember])
    }

    package let content: Content
    /// Nil in a value that was not read from a text.
    package let position: JSONPosition?

    package init(_ content: Content, at position: JSONPosition? = nil) {
        self.content = content
        self.position = position
    }
}

/// A member of an object; names are unique in it.
package struct JSONMember: Sendable {
    package let name: String
    package let value: JSONValue

    package init(_ name: String, _ value: JSONValue) {
        self.name = name
        self.value = value
    }
}

/// Where a value begins: line and column from 1, columns counted in Unicode scalars.
package struct JSONPosition: Equatable, Sendable, CustomStringConvertible {
    package let line: Int
    package let column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    package var description: String { "line \(line), column \(column)" }
}

extension JSONValue {
    package static var null: JSONValue { JSONValue(.null) }

    package static func boolean(_ value: Bool) -> JSONValue { JSONValue(.boolean(value)) }

    package static func integer(_ value: Int64) -> JSONValue { JSONValue(.integer(value)) }

    package static func string(_ value: String) -> JSONValue { JSONValue(.string(value)) }

    package static func array(_ elements: [JSONValue]) -> JSONValue { JSONValue(.array(elements)) }

    /// The caller sees to it that no name comes twice.
    package static func object(_ members: [JSONMember]) -> JSONValue { JSONValue(.object(members)) }

    /// The member of an object; nil if there is none, or if this is not an object.
    package subscript(name: String) -> JSONValue? {
        guard case .object(let members) = content else { return nil }
        return members.first { $0.name.utf8.elementsEqual(name.utf8) }?.value
    }

    /// What an error message calls a value of this type.
    package var typeName: String {
        switch content {
        case .null: "null"
        case .boolean: "a boolean"
        case .integer: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

extension JSONValue: Equatable {
    package static func == (left: JSONValue, right: JSONValue) -> Bool {
        switch (left.content, right.content) {
        case (.null, .null): true
        case (.boolean(let left), .boolean(let right)): left == right
        case (.integer(let left), .integer(let right)): left == right
        case (.string(let left), .string(let right)): left.utf8.elementsEqual(right.utf8)
        case (.array(let left), .array(let right)): left == right
        case (.object(let left), .object(let right)): left == right
        default: false
        }
    }
}

extension JSONMember: Equatable {
    package static func == (left: JSONMember, right: JSONMember) -> Bool {
        left.name.utf8.elementsEqual(right.name.utf8) && left.value == right.value
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }

    package init(integerLiteral value: Int64) { self = .integer(value) }

    package init(booleanLiteral value: Bool) { self = .boolean(value) }

    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }

    /// Keeps the order written.
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(elements.map { JSONMember($0.0, $0.1) })
    }
}
