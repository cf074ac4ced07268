import GRDB
import GRDBSQLite

/// Room for large commits in a write-ahead log.
///
/// SQLite writes its log in pieces of a page and of a page's header, and Linux keeps a file in its cache in pieces like those in
/// which it was first written, each of which it then looks up, marks and hands to the disk by itself. A log whose file was made
/// in large pieces takes half the time for the same commits (DocC `Performance`), also when it begins again at its start.
enum WriteAheadLogRoom {
    /// Fewer bytes than SQLite hands to the system at once.
    private static let piece = [UInt8](repeating: 0, count: 65_536)
    /// What a smaller commit would gain is not worth looking.
    private static let leastBytes = 262_144
    /// Bytes of a frame beside its page.
    private static let frameHeaderBytes = 24

    /// Extends the log's file with zeros for a commit that is about to come, as long as the file is smaller than the log becomes
    /// anyhow. Only inside a transaction of the connection that writes: nobody else writes to the log meanwhile, and zeros behind
    /// its last frame are none of its frames. Where the disk does not take them the commit finds out by itself.
    ///
    /// - Parameters:
    ///   - bytes: what the commit brings, roughly.
    ///   - checkpointPages: pages in the log after which it begins again.
    static func make(for bytes: Int, _ database: Database, pageBytes: Int, checkpointPages: Int) {
        guard bytes >= leastBytes else { return }
        var file: UnsafeMutablePointer<sqlite3_file>?
        guard sqlite3_file_control(database.sqliteConnection, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file) == SQLITE_OK,
            let file, let methods = file.pointee.pMethods?.pointee, let size = methods.xFileSize, let write = methods.xWrite
        else { return }
        var end: sqlite3_int64 = 0
        let limit = Int64(checkpointPages * (pageBytes + frameHeaderBytes))
        guard size(file, &end) == SQLITE_OK, end < limit else { return }
        // Rows do not fill their pages to the last byte.
        let goal = end + Int64(bytes + bytes / 8)
        EarlyWriteback.holding {
            while end < goal {
                // To the next multiple of a piece, so that pieces lie as the system's cache would have them.
                let count = piece.count - Int(end) % piece.count
                guard write(file, piece, Int32(count), end) == SQLITE_OK else { return }
                end += Int64(count)
            }
        }
    }
}
