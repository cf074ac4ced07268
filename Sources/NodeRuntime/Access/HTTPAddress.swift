internal import Foundation

/// Where a running node listens for HTTP: one line in a file of its data folder.
extension NodeFolder {
    package var addressFile: String { path + "/http" }

    package func writeAddress(_ url: String) throws { try writeFile(addressFile, Array((url + "\n").utf8), mode: 0o600) }

    package func removeAddress() { unlink(addressFile) }

    /// Nil where the node does not run, or without HTTP.
    package var address: String? {
        guard let bytes = try? readFile(addressFile, limit: 1_024), bytes.last == 0x0a else { return nil }
        return String(decoding: bytes.dropLast(), as: UTF8.self)
    }
}
