internal import Encoding
internal import Foundation

/// A whole file, if it is not longer than a limit.
package func readFile(_ path: String, limit: Int) throws -> [UInt8] {
    guard let handle = FileHandle(forReadingAtPath: path) else {
        throw NodeFailure(.invalid, "\(path) cannot be read: \(String(cString: strerror(errno)))")
    }
    defer { try? handle.close() }
    do {
        let data = try handle.read(upToCount: limit + 1) ?? Data()
        guard data.count <= limit else { throw NodeFailure(.invalid, "\(path) is over \(limit) bytes") }
        return Array(data)
    } catch let failure as NodeFailure { throw failure } catch {
        throw NodeFailure(.invalid, "\(path) cannot be read: \(error.localizedDescription)")
    }
}

/// Writes a whole file so that it is either the old one or the new one at any time: a temporary file beside it, synced,
/// renamed, and the folder synced.
package func writeFile(_ path: String, _ bytes: [UInt8], mode: UInt16 = 0o644) throws {
    let temporary = path + ".new"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode_t(mode))
    guard descriptor >= 0 else { throw fileFailure(path) }
    giveToFoldersOwner(descriptor, path)
    var written = 0
    while written < bytes.count {
        let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress! + written, bytes.count - written) }
        guard count > 0 else {
            let failure = fileFailure(path)
            close(descriptor)
            unlink(temporary)
            throw failure
        }
        written += count
    }
    guard fdatasync(descriptor) == 0, close(descriptor) == 0, rename(temporary, path) == 0 else {
        let failure = fileFailure(path)
        unlink(temporary)
        throw failure
    }
    syncFolder(of: path)
}

/// What root makes in the folder of another belongs to that other: the node there has to read it, as the user of its service.
private func giveToFoldersOwner(_ descriptor: Int32, _ path: String) {
    guard geteuid() == 0 else { return }
    var folder = stat()
    guard stat(URL(fileURLWithPath: path).deletingLastPathComponent().path, &folder) == 0, folder.st_uid != 0 else { return }
    // Where that cannot be, as on a file system without owners, there is nothing to mend either.
    _ = fchown(descriptor, folder.st_uid, folder.st_gid)
}

/// What was made, renamed or removed in a folder stays so; false where the disk does not take it.
@discardableResult
func syncFolder(_ path: String) -> Bool {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    // Some file systems sync no folders: there nothing can be more durable than it is.
    return fsync(descriptor) == 0 || errno == EINVAL
}

/// The same for the folder that a file lies in.
@discardableResult
func syncFolder(of path: String) -> Bool { syncFolder(URL(fileURLWithPath: path).deletingLastPathComponent().path) }

private func fileFailure(_ path: String) -> NodeFailure {
    NodeFailure(.storage, "\(path) cannot be written: \(String(cString: strerror(errno)))")
}

package func makeFolder(_ path: String, mode: Int = 0o755) throws {
    let isNew = !FileManager.default.fileExists(atPath: path)
    do {
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: mode])
    } catch {
        throw NodeFailure(.storage, "the folder \(path) cannot be made: \(error.localizedDescription)")
    }
    guard isNew else { return }
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    giveToFoldersOwner(descriptor, path)
    close(descriptor)
}

/// Milliseconds since 1970-01-01, UTC.
package func wallMilliseconds() -> UInt64 { nanoseconds(of: CLOCK_REALTIME) / 1_000_000 }

/// Milliseconds of a clock that never jumps.
package func steadyMilliseconds() -> UInt64 { steadyNanoseconds() / 1_000_000 }

package func steadyNanoseconds() -> UInt64 { nanoseconds(of: CLOCK_MONOTONIC) }

/// Processor time that the calling thread has used.
func threadNanoseconds() -> UInt64 { nanoseconds(of: CLOCK_THREAD_CPUTIME_ID) }

private func nanoseconds(of clock: clockid_t) -> UInt64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// Today as a day number, UTC.
package func today() -> UInt32 { UInt32(wallMilliseconds() / 86_400_000) }

package func usleepMilliseconds(_ milliseconds: UInt32) { usleep(milliseconds * 1_000) }
