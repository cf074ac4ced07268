internal import Foundation

/// The content of a disk by itself: a backup, an older state, or another node's.
package struct DiskImage: Equatable, Sendable {
    package private(set) var files: [String: [UInt8]]

    package init(_ files: [String: [UInt8]] = [:]) { self.files = files }

    package var names: [String] { files.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } }
    /// The names of the files that hold a string of bytes.
    package func names(holding bytes: [UInt8]) -> [String] { names.filter { files[$0]?.holds(bytes) == true } }

    package var byteCount: Int { files.values.reduce(0) { $0 + $1.count } }
}

extension [UInt8] {
    func holds(_ bytes: [UInt8]) -> Bool {
        guard let first = bytes.first else { return true }
        return withUnsafeBytes { whole in
            guard let start = whole.baseAddress else { return false }
            var place = 0
            while place + bytes.count <= whole.count,
                let found = memchr(start + place, Int32(first), whole.count - bytes.count - place + 1)
            {
                if memcmp(found, bytes, bytes.count) == 0 { return true }
                place = UnsafeRawPointer(found) - start + 1
            }
            return false
        }
    }
}
