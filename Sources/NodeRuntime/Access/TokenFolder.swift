internal import Cryptography
package import Federation
internal import Foundation
internal import Synchronization

/// The tokens of a node: one file each (mode 0600) in `tokens/` (mode 0700) of its data folder. They are made and revoked
/// whether the node runs or not; a running one takes a new one at once, and refuses a revoked one within a second.
package struct TokenFolder: Sendable {
    package let path: String
    private static let suffix = ".json"
    private static let fileBytes = 4_096

    package init(_ folder: NodeFolder) { path = folder.path + "/tokens" }

    private func file(_ name: String) -> String { path + "/" + name + Self.suffix }

    /// Makes a token and returns its secret, which cannot be shown again.
    package func make(
        name: String, roles: [AccessRole], subject: SubjectID?, daysUntilEnd: Int?
    ) throws -> (token: AccessToken, secret: String) {
        guard AccessToken.isName(name) else {
            throw NodeFailure(.invalid, "a token's name is 1 to 64 lower-case letters, digits and hyphens, not \(name)")
        }
        guard !roles.isEmpty else { throw NodeFailure(.invalid, "a token without a role allows nothing: give it one") }
        guard subject == nil || roles == [.reader] else {
            throw NodeFailure(.invalid, "a token for one subject can only read: give it the role reader alone")
        }
        guard !FileManager.default.fileExists(atPath: file(name)) else {
            throw NodeFailure(
                .invalid,
                "there is a token \(name) already: choose another name, or revoke it first with concord tokens revoke \(name)"
            )
        }
        let secret = AccessToken.makeSecret()
        guard let digest = AccessToken.digest(ofSecret: secret) else {
            throw NodeFailure(.internal, "a new secret has not the form of one")
        }
        let now = wallMilliseconds()
        let token = AccessToken(
            name: name, roles: roles, subject: subject, madeAtMilliseconds: now,
            endsAtMilliseconds: daysUntilEnd.map { now + UInt64($0) * 86_400_000 }, digest: digest)
        try makeFolder(path, mode: 0o700)
        try writeFile(file(name), token.fileBytes, mode: 0o600)
        return (token, secret)
    }

    package func revoke(_ name: String) throws {
        guard AccessToken.isName(name), unlink(file(name)) == 0 else {
            throw NodeFailure(.invalid, "there is no token \(name) that could be revoked in \(path): see concord tokens list")
        }
    }

    /// All tokens by name, and what is wrong with files that are none: those allow nothing.
    package func load() -> (tokens: [AccessToken], flaws: [String]) {
        var tokens: [AccessToken] = []
        var flaws: [String] = []
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        for name in names.sorted() where name.hasSuffix(Self.suffix) {
            do { tokens.append(try read(path + "/" + name, named: String(name.dropLast(Self.suffix.count)))) } catch {
                flaws.append("\(path)/\(name): \(error)")
            }
        }
        return (tokens, flaws)
    }

    private func read(_ file: String, named name: String) throws -> AccessToken {
        var status = stat()
        guard stat(file, &status) == 0, status.st_mode & 0o077 == 0 else {
            throw NodeFailure(
                .invalid, "is readable by others than its owner: chmod 600 it, and make another token if others read it")
        }
        let token = try AccessToken(decoding: readFile(file, limit: Self.fileBytes))
        guard token.name == name else { throw NodeFailure(.invalid, "names another token: \(token.name)") }
        return token
    }
}

/// Finds the token that a secret belongs to, for a process that is asked again and again.
package final class TokenCheck: Sendable {
    private struct State {
        var tokens: [AccessToken] = []
        var flaws: [String] = []
        var readAtMilliseconds: UInt64?
    }

    private static let freshMilliseconds: UInt64 = 1_000
    /// For a secret that no token known so far has: it may just have been made. Guesses cost no more readings than this allows.
    private static let missedMilliseconds: UInt64 = 5
    private let folder: TokenFolder
    private let onFlaw: @Sendable (String) -> Void
    private let state = Mutex(State())

    /// - Parameter onFlaw: hears of files that are no tokens, once as long as they stay so.
    package init(_ folder: TokenFolder, onFlaw: @escaping @Sendable (String) -> Void) {
        self.folder = folder
        self.onFlaw = onFlaw
    }

    /// Nil for a secret of no token, or of one that is over.
    package func token(ofSecret secret: String) -> AccessToken? {
        guard let digest = AccessToken.digest(ofSecret: secret) else { return nil }
        let found = Self.match(digest, in: tokens(Self.freshMilliseconds))
        guard let found = found ?? Self.match(digest, in: tokens(Self.missedMilliseconds)),
            !found.isOver(atMilliseconds: wallMilliseconds())
        else { return nil }
        return found
    }

    private static func match(_ digest: Digest, in tokens: [AccessToken]) -> AccessToken? {
        // All are compared: where a secret stands among them must not show in the time.
        tokens.reduce(nil) { found, token in token.matches(digest) ? token : found }
    }

    /// The tokens as they were read at most so long ago.
    private func tokens(_ milliseconds: UInt64) -> [AccessToken] {
        let now = steadyMilliseconds()
        return state.withLock { state in
            if let read = state.readAtMilliseconds, now < read + milliseconds { return state.tokens }
            let (tokens, flaws) = folder.load()
            // Not each of a hundred guesses tells them again.
            if flaws != state.flaws { flaws.forEach(onFlaw) }
            state = State(tokens: tokens, flaws: flaws, readAtMilliseconds: now)
            return tokens
        }
    }
}
