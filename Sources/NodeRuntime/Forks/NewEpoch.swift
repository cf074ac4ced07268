internal import Cryptography
internal import Encoding
package import Federation
internal import Foundation
internal import Storage
internal import TransparencyLog

/// An epoch that was begun: from now on the node records in a log of its own, with a key of its own.
package struct NewEpoch: Sendable {
    package let origin: OriginName
    package let previous: OriginName
    /// Entries that were recorded and never published, which go on in the new log.
    package let carried: UInt64
    /// With the keys of all epochs.
    package let keys: PublicKeys
}

extension NodeFolder {
    /// Begins the next epoch of a node that does not run: a new log key beside the old ones, and what was recorded but not
    /// published waits for the new log. The old log stays where it is, is served and scored as before, and fetched
    /// from peers as far as it is lacking. The node can run again once the new key stands in the topology.
    ///
    /// It can be repeated after a crash at any step: what counts is `node.json`, written last.
    package func beginEpoch(reason: String, atMilliseconds: UInt64 = wallMilliseconds()) throws -> NewEpoch {
        guard (1...255).contains(reason.utf8.count) else {
            throw NodeFailure(.invalid, "the reason for a new epoch has 1 to 255 bytes: it stays on the record")
        }
        let identity = try NodeIdentity(folder: self)
        let lock = try FolderLock(self)
        defer { withExtendedLifetime(lock) {} }
        let topology = try FederationFiles.topology(topologyFile)
        guard identity.epoch < UInt64(Int64.max), let previous = Self.origin(topology, identity.node, identity.epoch),
            let origin = Self.origin(topology, identity.node, identity.epoch + 1)
        else { throw NodeFailure(.invalid, "\(identityFile) holds no name that gives an origin line") }
        guard !topology.keys(ofOrigin: previous.line).isEmpty else {
            throw NodeFailure(
                .refused,
                "the topology in \(path) does not list the epoch \(identity.epoch) of \(identity.node) yet: assemble it with \(publicKeysFile(identity.node)) and install it before another epoch is begun"
            )
        }
        let key = try nextKey(identity.epoch)
        let carried = try setAsideUnpublished(previous)
        let keys = try exchangeKeys(identity, key, origin)
        // Nothing is published in the new log, and the node knows it.
        try writeFile(publishedFile, [], mode: 0o600)
        let beginning = NodeIdentity.Beginning(epoch: origin.epoch, atMilliseconds: atMilliseconds, reason: reason)
        let next = NodeIdentity(
            node: identity.node, epoch: origin.epoch, beginnings: identity.beginnings + [beginning])
        try writeFile(identityFile, Array((next.json.text + "\n").utf8))
        return NewEpoch(origin: origin, previous: previous, carried: carried, keys: keys)
    }

    private static func origin(_ topology: Topology, _ node: String, _ epoch: UInt64) -> OriginName? {
        OriginName("\(topology.federation)/\(node)/\(epoch)")
    }

    /// The key of the next epoch: made now, or by an attempt that did not come to its end.
    private func nextKey(_ epoch: UInt64) throws -> SigningKey {
        do throws(KeyFileFailure) {
            let present = try KeyFile.read(logKeyFile)
            let next = logKeyFile(epoch: epoch + 1)
            var seed: [UInt8]?
            if exists(logKeyFile(epoch: epoch)), try KeyFile.read(logKeyFile(epoch: epoch)) != present {
                seed = present
            } else if exists(next) {
                seed = try KeyFile.read(next)
            }
            if let seed, let key = SigningKey(seed: seed) { return key }
            let key = SigningKey.generate()
            try KeyFile.write(key.seed, to: next)
            return key
        } catch { throw NodeFailure(.storage, error.description) }
    }

    private func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

    /// Keeps the old key under its epoch, puts the new one in its place, and writes the public keys of all epochs.
    private func exchangeKeys(
        _ identity: NodeIdentity, _ key: SigningKey, _ origin: OriginName
    ) throws -> PublicKeys {
        do throws(KeyFileFailure) {
            let old = logKeyFile(epoch: identity.epoch)
            if !exists(old) { try KeyFile.write(KeyFile.read(logKeyFile), to: old) }
        } catch { throw NodeFailure(.storage, error.description) }
        let next = logKeyFile(epoch: origin.epoch)
        if exists(next), rename(next, logKeyFile) != 0 {
            throw NodeFailure(.storage, "\(next) cannot be renamed to \(logKeyFile): \(String(cString: strerror(errno)))")
        }
        // Before anything says that this key is the node's.
        syncFolder(path + "/keys")
        guard let verifying = VerifyingKey(key.publicKey) else { throw NodeFailure(.internal, "a new key is none") }
        let published = try PublicKeys(path: publicKeysFile(identity.node))
        let new = VerifierKey(name: origin.line, key: verifying).description
        let keys = PublicKeys(
            federation: published.federation, node: published.node, keys: published.keys.filter { $0 != new } + [new],
            linkKey: published.linkKey)
        try writeFile(publicKeysFile(identity.node), Array((keys.json.text + "\n").utf8))
        return keys
    }

    /// Takes what was recorded but never published off the end of the old log and keeps it aside, until the new log may be
    /// published: then it goes there. Returns how many entries wait so.
    private func setAsideUnpublished(_ previous: OriginName) throws -> UInt64 {
        let store = try LogStore(path: logFile)
        defer { try? store.close() }
        if let state = store.state(previous), state.signedSize < state.size {
            try store.write { try $0.setAsideUnsigned(previous) }
            try store.forgetDroppedBytes()
        }
        return try store.asideCount()
    }
}
