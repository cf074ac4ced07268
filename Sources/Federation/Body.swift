package import Encoding

/// An authority's decision on an observation that was appealed.
package enum Verdict: UInt8, CaseIterable, Sendable {
    case upheld = 1
    case overturned
}

/// What an entry commits to: the fact itself, about one subject, on one day. It can be erased.
package struct Body: Equatable, Sendable {
    package enum Content: Equatable, Sendable {
        case observation(factor: [UInt8], quantity: Int32, reference: [UInt8])
        case retraction(target: Position, reason: [UInt8])
        case appeal(target: Position, reason: [UInt8])
        case ruling(target: Position, verdict: Verdict, reason: [UInt8])
        case enrolment(statement: [UInt8])
        case withdrawal(statement: [UInt8])

        package var kind: EventKind {
            switch self {
            case .observation: .observation
            case .retraction: .retraction
            case .appeal: .appeal
            case .ruling: .ruling
            case .enrolment: .enrolment
            case .withdrawal: .withdrawal
            }
        }
    }

    /// 16 random bytes: they hide the body behind the commitment.
    package let salt: [UInt8]
    /// Effective day: days since 1970-01-01, UTC.
    package let day: UInt32
    package let subject: SubjectID
    package let content: Content
    /// For later versions; never part of a score.
    package let extensions: [UInt8]

    package static let saltBytes = 16
    package static let maximumFactor = 64
    package static let maximumReference = 64
    package static let maximumReason = 255
    package static let maximumExtensions = 4_095

    package init(salt: [UInt8], day: UInt32, subject: SubjectID, content: Content, extensions: [UInt8] = []) {
        self.salt = salt
        self.day = day
        self.subject = subject
        self.content = content
        self.extensions = extensions
    }

    /// What breaks a limit of the format, in words; nil where the body encodes to one that decodes.
    package var flaw: String? {
        guard salt.count == Self.saltBytes else { return "the salt is not \(Self.saltBytes) bytes" }
        guard extensions.count <= Self.maximumExtensions else {
            return "the extensions are over \(Self.maximumExtensions) bytes"
        }
        switch content {
        case .observation(let factor, let quantity, let reference):
            guard (1...Self.maximumFactor).contains(factor.count), isUTF8(factor) else {
                return "the factor is not 1 to \(Self.maximumFactor) bytes of UTF-8"
            }
            guard quantity >= 1 else { return "the quantity \(quantity) is below 1" }
            guard reference.count <= Self.maximumReference else {
                return "the reference is over \(Self.maximumReference) bytes"
            }
            return nil
        case .retraction(let target, let text), .appeal(let target, let text), .ruling(let target, _, let text):
            guard (1...OriginName.maximumBytes).contains(target.origin.count), isUTF8(target.origin) else {
                return "the target's origin is not 1 to \(OriginName.maximumBytes) bytes of UTF-8"
            }
            return Self.textFlaw(text, "reason")
        case .enrolment(let text), .withdrawal(let text): return Self.textFlaw(text, "statement")
        }
    }

    private static func textFlaw(_ text: [UInt8], _ name: String) -> String? {
        guard text.count <= maximumReason else { return "the \(name) is over \(maximumReason) bytes" }
        return isUTF8(text) ? nil : "the \(name) is not UTF-8"
    }
}

extension Body {
    /// The bytes whose SHA-256 is the commitment. The body must have no flaw.
    package var encoded: [UInt8] {
        var writer = ByteWriter(capacity: 96)
        encode(to: &writer)
        return writer.bytes
    }

    package func encode(to writer: inout ByteWriter) {
        writer.fixed(salt)
        writer.uint32(day)
        writer.uint64(subject.high)
        writer.uint64(subject.low)
        switch content {
        case .observation(let factor, let quantity, let reference):
            writer.vector(factor, maximum: Self.maximumFactor)
            writer.int32(quantity)
            writer.vector(reference, maximum: Self.maximumReference)
        case .retraction(let target, let reason), .appeal(let target, let reason):
            target.encode(to: &writer)
            writer.vector(reason, maximum: Self.maximumReason)
        case .ruling(let target, let verdict, let reason):
            target.encode(to: &writer)
            writer.uint8(verdict.rawValue)
            writer.vector(reason, maximum: Self.maximumReason)
        case .enrolment(let statement), .withdrawal(let statement):
            writer.vector(statement, maximum: Self.maximumReason)
        }
        writer.vector(extensions, maximum: Self.maximumExtensions)
    }

    /// Decodes the body of an entry of `kind`.
    package init(decoding bytes: [UInt8], kind: EventKind) throws(DecodingFailure) {
        var reader = ByteReader(bytes)
        salt = try reader.fixed(Self.saltBytes)
        day = try reader.uint32()
        subject = SubjectID(high: try reader.uint64(), low: try reader.uint64())
        switch kind {
        case .observation:
            let factor = try reader.text(1...Self.maximumFactor)
            let quantity = try reader.int32()
            guard quantity >= 1 else { throw .value(Int64(quantity)) }
            let reference = try reader.vector(0...Self.maximumReference)
            content = .observation(factor: factor, quantity: quantity, reference: reference)
        case .retraction:
            content = .retraction(target: try Position(decoding: &reader), reason: try reader.text(0...Self.maximumReason))
        case .appeal:
            content = .appeal(target: try Position(decoding: &reader), reason: try reader.text(0...Self.maximumReason))
        case .ruling:
            let target = try Position(decoding: &reader)
            let verdict = try reader.uint8()
            guard let known = Verdict(rawValue: verdict) else { throw .value(Int64(verdict)) }
            content = .ruling(target: target, verdict: known, reason: try reader.text(0...Self.maximumReason))
        case .enrolment: content = .enrolment(statement: try reader.text(0...Self.maximumReason))
        case .withdrawal: content = .withdrawal(statement: try reader.text(0...Self.maximumReason))
        case .erasure: throw .malformed("an erasure has no body")
        }
        extensions = try reader.vector(0...Self.maximumExtensions)
        try reader.finish()
    }
}
