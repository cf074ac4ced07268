internal import Foundation

/// Holds a data folder for one process: while it lives, no other process opens the stores.
package final class FolderLock: Sendable {
    private let descriptor: Int32

    package init(_ folder: NodeFolder) throws {
        descriptor = open(folder.lockFile, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw NodeFailure(opening: folder.lockFile, errno)
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw NodeFailure(
                .unavailable,
                "\(folder.path) is in use by another process: stop that node, or let it answer on its control socket")
        }
    }

    deinit { close(descriptor) }
}
