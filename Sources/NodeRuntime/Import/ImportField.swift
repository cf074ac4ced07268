internal import Federation

/// The columns of a CSV file and the members of an NDJSON object.
enum ImportField: Int, CaseIterable, Sendable {
    case kind, day, subject, factor, quantity, reference, target, verdict, reason, statement

    var name: String {
        switch self {
        case .kind: "kind"
        case .day: "day"
        case .subject: "subject"
        case .factor: "factor"
        case .quantity: "quantity"
        case .reference: "reference"
        case .target: "target"
        case .verdict: "verdict"
        case .reason: "reason"
        case .statement: "statement"
        }
    }

    /// The field of a name; the case of ASCII letters does not matter where `ignoringCase`.
    init?(named name: some Collection<UInt8>, ignoringCase: Bool) {
        let match = Self.allCases.first { field in
            ignoringCase
                ? matches(name, field.name)
                : name.count == field.name.utf8.count && name.elementsEqual(field.name.utf8)
        }
        guard let match else { return nil }
        self = match
    }

    /// All names, as an error lists them.
    static let list = ImportField.allCases.map(\.name).joined(separator: ", ")

    /// Whether a record of a kind may fill this field.
    func belongs(to kind: EventKind) -> Bool {
        switch self {
        case .kind, .day, .subject: true
        case .factor, .quantity, .reference: kind == .observation
        case .target, .reason: kind == .retraction || kind == .appeal || kind == .ruling
        case .verdict: kind == .ruling
        case .statement: kind == .enrolment || kind == .withdrawal
        }
    }
}

/// Whether bytes spell a word of lower-case ASCII letters, in whatever case.
func matches(_ bytes: some Collection<UInt8>, _ word: String) -> Bool {
    bytes.count == word.utf8.count
        && zip(bytes, word.utf8).allSatisfy { byte, letter in
            byte == letter || ((0x41...0x5a).contains(byte) && byte | 0x20 == letter)
        }
}
