/// Why a JSON text, or a member of it, was not taken: what is wrong, and where.
package struct JSONFailure: Error, Equatable, Sendable, CustomStringConvertible {
    /// Nil where the value was not read from a text.
    package let position: JSONPosition?
    /// The member meant, as in `factors[3].category`; empty for the text itself.
    package let path: String
    package let message: String

    package init(at position: JSONPosition?, path: String = "", _ message: String) {
        self.position = position
        self.path = path
        self.message = message
    }

    /// As in `line 3, column 12: factors[3].points: must be a number, not a string`.
    package var description: String {
        var text = position.map { "\($0): " } ?? ""
        if !path.isEmpty { text += "\(path): " }
        return text + message
    }
}
