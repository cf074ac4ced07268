internal import Cryptography
internal import Encoding
internal import Federation
internal import Scoring
internal import Storage

extension NodeCommands {
    /// The newest cuts that this node keeps, the newest first.
    func cuts(_ request: inout JSONObjectReader) throws -> JSONValue {
        let limit = Int(try request.optionalInteger("limit", in: 1...1_000) ?? 20)
        return ["cuts": .array(try node.log.cuts(limit: limit).compactMap(describe))]
    }

    /// One cut by its hash, 64 hexadecimal digits, with its text and the notes over it; null where there is none.
    func cut(_ request: inout JSONObjectReader) throws -> JSONValue {
        let text = try request.string("hash")
        guard let bytes = bytes(hex: text), let hash = Digest(bytes) else {
            throw NodeFailure(.invalid, "a cut is named by 64 hexadecimal digits, not \(text)")
        }
        guard let stored = try node.log.cut(hash), let described = try describe(stored),
            case .object(let members) = described.content
        else { return .null }
        let notes = try node.log.attestations(of: hash).map { JSONValue.string(String(decoding: $0.note, as: UTF8.self)) }
        return .object(
            members + [
                JSONMember("text", .string(String(decoding: stored.text, as: UTF8.self))),
                JSONMember("notes", .array(notes)),
            ])
    }

    /// Who attests which root for a cut. Nil for one that does not decode, which a later version may have stored.
    private func describe(_ stored: StoredCut) throws -> JSONValue? {
        guard let cut = try? Cut(text: stored.text) else { return nil }
        let attestations = try node.log.attestations(of: stored.hash).compactMap { stored -> JSONValue? in
            guard let (name, attestation) = node.verifiedAttestation(stored.note) else { return nil }
            return [
                "node": .string(name), "root": .string(base64(attestation.standingsRoot.bytes)),
                "subjects": .integer(Int64(clamping: attestation.subjects)),
            ]
        }
        let origins = cut.origins.map { origin -> JSONValue in
            [
                "origin": .string(String(decoding: origin.line, as: UTF8.self)), "size": .integer(Int64(clamping: origin.size)),
                "root": .string(base64(origin.root.bytes)),
            ]
        }
        return [
            "hash": .string(hex(stored.hash.bytes)), "at_ms": .integer(stored.atMilliseconds),
            "day": .string(Self.name(cut.day)),
            "topology": .string(base64(cut.topology.bytes)), "rulebook": .string(base64(cut.rulebook.bytes)),
            "origins": .array(origins), "attestations": .array(attestations),
            "agreed": .boolean(Set(attestations.compactMap { $0["root"]?.text }).count <= 1),
        ]
    }
}
