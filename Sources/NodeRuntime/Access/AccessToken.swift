internal import Cryptography
package import Encoding
package import Federation

/// What the holder of a token may do over HTTP.
package enum AccessRole: String, Sendable, CaseIterable {
    /// Read what concerns single subjects.
    case reader
    /// Record events.
    case recorder
    /// Start resyncs and propose cuts.
    case `operator`
}

/// A token that somebody holds: its name, what it allows, and the hash of its secret. The secret itself is shown once, when
/// it is made, and stored nowhere.
package struct AccessToken: Sendable, Equatable {
    package let name: String
    package let roles: [AccessRole]
    /// Where the holder may read one subject alone: their own.
    package let subject: SubjectID?
    package let madeAtMilliseconds: UInt64
    /// Nil: it does not end by itself.
    package let endsAtMilliseconds: UInt64?
    let digest: Digest

    init(
        name: String, roles: [AccessRole], subject: SubjectID?, madeAtMilliseconds: UInt64, endsAtMilliseconds: UInt64?,
        digest: Digest
    ) {
        self.name = name
        self.roles = roles
        self.subject = subject
        self.madeAtMilliseconds = madeAtMilliseconds
        self.endsAtMilliseconds = endsAtMilliseconds
        self.digest = digest
    }

    package func allows(_ role: AccessRole) -> Bool { roles.contains(role) }

    /// Whether it lets a subject be read.
    package func allowsReading(_ subject: SubjectID) -> Bool {
        allows(.reader) && (self.subject == nil || self.subject == subject)
    }

    func isOver(atMilliseconds now: UInt64) -> Bool { endsAtMilliseconds.map { now >= $0 } ?? false }

    /// Lower-case letters, digits and hyphens, 1 to 64 of them: the name is that of a file, too.
    package static func isName(_ name: String) -> Bool {
        (1...64).contains(name.utf8.count)
            && name.utf8.allSatisfy { (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2d }
    }

    // MARK: The secret

    private static let secretPrefix = "concord_"
    private static let secretBytes = 32

    static func makeSecret() -> String { secretPrefix + hex(randomBytes(secretBytes)) }

    /// The hash of a secret that has the form of one; nil otherwise. The secret is random and long: no slow hash is needed.
    static func digest(ofSecret secret: String) -> Digest? {
        let bytes = Array(secret.utf8)
        guard bytes.count == secretPrefix.utf8.count + 2 * secretBytes, secret.hasPrefix(secretPrefix) else { return nil }
        return sha256(bytes)
    }

    /// Compares all bytes whatever they are, so that the time it takes tells nothing.
    func matches(_ other: Digest) -> Bool {
        zip(digest.bytes, other.bytes).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }

    // MARK: The file

    package var json: JSONValue {
        .object([
            JSONMember("name", .string(name)), JSONMember("roles", .array(roles.map { .string($0.rawValue) })),
            JSONMember("subject", subject.map { .string("\($0)") } ?? .null),
            JSONMember("made_ms", .integer(Int64(clamping: madeAtMilliseconds))),
            JSONMember("ends_ms", endsAtMilliseconds.map { .integer(Int64(clamping: $0)) } ?? .null),
        ])
    }

    var fileBytes: [UInt8] {
        guard case .object(let members) = json.content else { preconditionFailure("a token is written as an object") }
        let all = members.filter { if case .null = $0.value.content { false } else { true } }
        return JSONValue.object(all + [JSONMember("sha256", .string(hex(digest.bytes)))]).bytes + [0x0a]
    }

    init(decoding bytes: [UInt8]) throws(JSONFailure) {
        var reader = try JSONObjectReader(JSONValue.parse(bytes))
        name = try reader.string("name")
        guard Self.isName(name) else { throw reader.failure("name", "must be lower-case letters, digits and hyphens") }
        var roles: [AccessRole] = []
        for text in try reader.strings("roles") {
            guard let role = AccessRole(rawValue: text) else { throw reader.failure("roles", "\(text) is no role") }
            roles.append(role)
        }
        self.roles = roles
        if let text = try reader.optionalString("subject") {
            guard let subject = SubjectID(hex: text) else { throw reader.failure("subject", "must be 32 hexadecimal digits") }
            self.subject = subject
        } else {
            subject = nil
        }
        madeAtMilliseconds = UInt64(try reader.integer("made_ms", in: 0...Int64.max))
        endsAtMilliseconds = try reader.optionalInteger("ends_ms", in: 0...Int64.max).map(UInt64.init)
        guard let bytes = Encoding.bytes(hex: try reader.string("sha256")), let digest = Digest(bytes) else {
            throw reader.failure("sha256", "must be 64 hexadecimal digits")
        }
        self.digest = digest
        try reader.finish()
    }
}
