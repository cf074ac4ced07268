package import Encoding
package import Foundation

/// Reads the vectors of a test target: a JSON file in the folder `Vectors` beside its tests.
///
/// - Parameter bundle: the target's own resources.
package func vectors(_ name: String, in bundle: Bundle) -> JSONValue {
    guard let url = bundle.url(forResource: name, withExtension: "json", subdirectory: "Vectors"),
        let data = try? Data(contentsOf: url), let value = try? JSONValue.parse([UInt8](data))
    else { preconditionFailure("the vectors \(name).json cannot be read") }
    return value
}

/// What vectors hold, taken for what it has to be.
extension JSONValue {
    package var string: String {
        guard case .string(let text) = content else { preconditionFailure("a string is expected") }
        return text
    }

    package var number: UInt64 {
        guard case .integer(let number) = content else { preconditionFailure("a number is expected") }
        return UInt64(number)
    }

    package var elements: [JSONValue] {
        guard case .array(let elements) = content else { return [] }
        return elements
    }

    package var members: [JSONMember] {
        guard case .object(let members) = content else { return [] }
        return members
    }

    /// Bytes in hexadecimal.
    package var hexBytes: [UInt8] {
        guard let bytes = Encoding.bytes(hex: string) else { preconditionFailure("hexadecimal digits are expected") }
        return bytes
    }
}
