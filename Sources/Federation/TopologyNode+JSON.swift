internal import Cryptography
internal import Encoding
internal import TransparencyLog

/// Whether a text is 1 to 128 of a-z, 0-9, the hyphen and what else is allowed.
package func isTopologyName(_ text: String, allowing extra: String = "") -> Bool {
    (1...128).contains(text.utf8.count)
        && text.utf8.allSatisfy {
            (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2d || extra.utf8.contains($0)
        }
}

extension TopologyNode {
    init(_ member: inout JSONObjectReader, federation: String) throws(JSONFailure) {
        name = try member.string("name")
        guard isTopologyName(name), name.utf8.count <= 63 else {
            throw member.failure("name", "must be 1 to 63 of a-z, 0-9 and -")
        }
        title = try member.string("title")
        roles = try Self.roles(&member)
        keys = try Self.keys(&member, prefix: "\(federation)/\(name)/")
        tlsKey = try Self.tlsKey(&member)
        (host, port) = try Self.address(&member)
        peers = try member.strings("peers")
        quota = UInt64(try member.integer("quota", in: 1...Int64.max))
        try member.finish()
    }

    private static func roles(_ member: inout JSONObjectReader) throws(JSONFailure) -> [Role] {
        var roles: [Role] = []
        for text in try member.strings("roles") {
            guard let role = Role(rawValue: text), !roles.contains(role) else {
                throw member.failure("roles", "must be different ones of city, aggregator and authority, not \(text)")
            }
            roles.append(role)
        }
        guard !roles.isEmpty else { throw member.failure("roles", "must name at least one role") }
        return roles
    }

    private static func keys(_ member: inout JSONObjectReader, prefix: String) throws(JSONFailure) -> [VerifierKey] {
        var keys: [VerifierKey] = []
        for text in try member.strings("keys") {
            let key: VerifierKey
            do throws(DecodingFailure) { key = try VerifierKey(text) } catch {
                throw member.failure("keys", "holds \(text), which is no C2SP verifier key: \(error)")
            }
            guard let origin = OriginName(key.name), String(decoding: key.name, as: UTF8.self).hasPrefix(prefix),
                origin.node == Array(prefix.utf8.split(separator: 0x2f)[1])
            else {
                throw member.failure("keys", "must be named \(prefix)<epoch>, not \(String(decoding: key.name, as: UTF8.self))")
            }
            guard !keys.contains(where: { $0.name == key.name }) else {
                throw member.failure("keys", "name the epoch \(origin.epoch) twice")
            }
            guard keys.count < Limits.origins else { throw member.failure("keys", "are more than \(Limits.origins)") }
            keys.append(key)
        }
        return keys
    }

    private static func tlsKey(_ member: inout JSONObjectReader) throws(JSONFailure) -> [UInt8]? {
        guard let text = try member.optionalString("tls_key") else { return nil }
        guard let key = bytes(base64: text), key.count == 32, VerifyingKey(key) != nil else {
            throw member.failure("tls_key", "must be base64 of an Ed25519 public key of 32 bytes")
        }
        return key
    }

    private static func address(_ member: inout JSONObjectReader) throws(JSONFailure) -> (String, Int) {
        let text = try member.string("address")
        guard let colon = text.lastIndex(of: ":"), let port = decimal(text[text.index(after: colon)...].utf8),
            (1...65_535).contains(port)
        else { throw member.failure("address", "must be host:port, not \(text)") }
        var host = text[..<colon]
        // An IPv6 address stands in brackets: without them its last group and the port cannot be told apart.
        let isBracketed = host.first == "[" && host.last == "]"
        if isBracketed { host = host.dropFirst().dropLast() }
        guard !host.isEmpty, host.contains(":") == isBracketed,
            !host.contains(where: { $0.isWhitespace || $0 == "/" || $0 == "[" || $0 == "]" })
        else {
            throw member.failure("address", "must be host:port, not \(text)")
        }
        return (String(host), Int(port))
    }
}
