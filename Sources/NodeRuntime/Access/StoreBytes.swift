internal import Foundation

extension NodeFolder {
    /// Bytes of each store's files, write-ahead log included.
    package var storeBytes: [(name: String, bytes: Int64)] {
        [("log", logFile), ("standings", standingsFile)].map { name, file in
            let bytes = ["", "-wal"].reduce(Int64(0)) { sum, suffix in
                var status = stat()
                return stat(file + suffix, &status) == 0 ? sum + Int64(status.st_size) : sum
            }
            return (name, bytes)
        }
    }
}
