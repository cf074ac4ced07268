internal import Federation
internal import GRDB
package import TransparencyLog

// A log is found by its name, and its rows by its number: where the stored name is damaged, all of it seems to be gone.
extension LogStore {
    /// Opens a store and gives logs their names back that are stored damaged: those which nobody has a key for, where the
    /// checkpoint says, under one of `keys`, whose log it is.
    package static func opening(
        path: String, options: LogStoreOptions = LogStoreOptions(), keys: [VerifierKey], servesWithoutWriting: Bool = false
    ) throws -> LogStore {
        let store = try LogStore(path: path, options: options, servesWithoutWriting: servesWithoutWriting)
        let names = store.isReadOnly ? [:] : store.trueNames(keys: keys)
        // Where the file takes nothing any more, it is for a rescue.
        guard !names.isEmpty, (try? store.write({ try $0.rename(names) })) != nil else { return store }
        try store.close()
        return try LogStore(path: path, options: options, servesWithoutWriting: servesWithoutWriting)
    }

    private func trueNames(keys: [VerifierKey]) -> [Int64: OriginName] {
        let lines = Set(keys.map(\.name))
        var names: [Int64: OriginName] = [:]
        for log in states where !lines.contains(log.origin.line) {
            guard let note = log.checkpoint?.note, let checkpoint = try? SignedCheckpoint(note: note, keys: keys),
                let name = OriginName(checkpoint.origin), state(name) == nil, !names.values.contains(name)
            else { continue }
            names[log.number] = name
        }
        return names
    }
}

extension LogTransaction {
    fileprivate func rename(_ names: [Int64: OriginName]) throws {
        try guarded {
            // The index of names holds the true ones still, and would take none of them a second time.
            try database.run("REINDEX origin")
            for (number, name) in names.sorted(by: { $0.key < $1.key }) {
                try database.run("UPDATE origin SET line = ? WHERE number = ?", [blob(name.line), number])
            }
        }
    }
}
