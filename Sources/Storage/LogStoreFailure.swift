internal import GRDB

/// Why the log store did not do what it was asked for. A write that fails leaves disk and memory as they were before it,
/// and the store usable.
package struct StoreFailure: Error, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// The disk, or the quota on it, is full. Writing works again once there is room.
        case diskFull
        /// The disk, the folder or the file may only be read.
        case readOnly
        /// What is stored is not what was written.
        case corrupt
        /// Another process holds the file.
        case busy
        /// The system could not read or write.
        case inputOutput
        /// What was handed in contradicts what is stored, or cannot be stored.
        case rejected
        case other
    }

    package let code: Code
    /// What happened and what to do about it.
    package let message: String
    package let cause: (any Error)?

    package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    package var description: String {
        guard let cause else { return message }
        // Its words may quote SQL over many lines, of which a log would show the last.
        let words = "\(cause)".split(whereSeparator: \.isWhitespace).joined(separator: " ")
        return "\(message) (\(words))"
    }
}

extension StoreFailure {
    /// Errors of SQLite as failures of the store; others as they are.
    static func mapping(_ error: any Error, _ action: String) -> any Error {
        guard let error = error as? DatabaseError else { return error }
        let code = code(of: error)
        return StoreFailure(code, "the log store could not \(action): \(advice(code))", cause: error)
    }

    /// Why a store does not open. A file that SQLite cannot make anything of, or in which the tables are not as they were
    /// made, is one to be rescued; where the system could not read it, what it holds may still be well.
    static func ofOpening(_ error: any Error, _ path: String) -> any Error {
        let isOfSchema = (error as? DatabaseError)?.resultCode == .SQLITE_ERROR
        let failure = mapping(error, "open \(path)")
        if let failure = failure as? StoreFailure, failure.code == .inputOutput {
            return StoreFailure(
                .inputOutput,
                "\(path) cannot be read or written: the system reports an error of its disk or folder. Check the disk, its mount and the system's log, and start the node again; only where the disk has lost a part of the file for good, run \(rescueAdvice(path))",
                cause: error)
        }
        guard isOfSchema || Damage.isDamage(error) || (failure as? StoreFailure)?.code == .corrupt else { return failure }
        return StoreFailure(
            .corrupt,
            "\(path) is damaged: stop the node and run \(rescueAdvice(path)); then start the node, and what is missing comes from its peers",
            cause: error)
    }

    /// The command that makes a new file from what can be read of a damaged one.
    static func rescueAdvice(_ path: String) -> String {
        "concord rescue --data \(path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/"))"
    }

    static func code(of error: DatabaseError) -> Code {
        if error.extendedResultCode == .SQLITE_IOERR_CORRUPTFS { return .corrupt }
        return switch error.resultCode {
        case .SQLITE_FULL: .diskFull
        case .SQLITE_READONLY, .SQLITE_PERM: .readOnly
        case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_FORMAT: .corrupt
        case .SQLITE_BUSY, .SQLITE_LOCKED, .SQLITE_PROTOCOL: .busy
        case .SQLITE_IOERR, .SQLITE_CANTOPEN: .inputOutput
        default: .other
        }
    }

    private static func advice(_ code: Code) -> String {
        switch code {
        case .diskFull: "the disk is full; make room, it then goes on by itself"
        case .readOnly: "its file or folder may only be read; check the mount and the owner"
        case .corrupt: "its file is damaged; run `concord verify`, then `concord resync`"
        case .busy: "another process holds it; only one node may use a data folder"
        case .inputOutput: "the system reports an error of the disk or folder; check the disk"
        case .rejected, .other: "see the cause"
        }
    }
}
