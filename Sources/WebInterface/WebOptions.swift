/// Where the node listens for HTTP, and by which names it may be called.
package struct WebOptions: Sendable, Equatable {
    /// An address or name to bind; loopback where none is given.
    package var host = "127.0.0.1"
    /// 0: one that is free.
    package var port: Int
    /// Host names that a request may name besides `localhost` and plain addresses. A request by another name is refused: it
    /// is how a page elsewhere would reach this node through a visitor's browser.
    package var names: [String] = []

    package init(port: Int) { self.port = port }

    /// From `PORT`, `HOST:PORT` or `[IPV6]:PORT`; nil where it is none of these.
    package init?(_ text: String) {
        let colon = text.lastIndex(of: ":")
        let digits = colon.map { text[text.index(after: $0)...] } ?? text[...]
        guard (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let port = Int(digits), port <= 65_535
        else { return nil }
        self.port = port
        guard let colon else { return }
        var host = String(text[..<colon])
        if host.hasPrefix("[") {
            guard host.hasSuffix("]") else { return nil }
            host = String(host.dropFirst().dropLast())
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty, !host.contains(where: { $0.isWhitespace || $0 == "/" }) else { return nil }
        self.host = host
    }

    /// Whether only this machine can reach it.
    package var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }

    /// The name part of a `Host` field, without its port; nil for one that is malformed.
    static func name(ofAuthority authority: String) -> String? {
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            let rest = authority[authority.index(after: end)...]
            return rest.isEmpty || isPort(rest) ? String(authority[...end]) : nil
        }
        guard let colon = authority.firstIndex(of: ":") else { return authority.isEmpty ? nil : authority.lowercased() }
        return isPort(authority[colon...]) && colon != authority.startIndex ? authority[..<colon].lowercased() : nil
    }

    private static func isPort(_ text: Substring) -> Bool {
        text.first == ":" && text.utf8.count <= 6 && text.utf8.dropFirst().allSatisfy { (0x30...0x39).contains($0) }
    }

    /// Whether a request for this authority is for this node: a plain address cannot be the name of another's page.
    func admits(authority: String) -> Bool {
        guard let name = Self.name(ofAuthority: authority) else { return false }
        if name.hasPrefix("[") || name == "localhost" || name == host.lowercased() { return true }
        let isAddress = name.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x2e }
        return isAddress || names.contains { $0.lowercased() == name }
    }
}
