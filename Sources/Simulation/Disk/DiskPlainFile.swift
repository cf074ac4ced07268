/// A file of a simulated disk that a node reads and writes by itself.
package final class DiskPlainFile: Sendable {
    private let disk: SimulatedDisk
    private let handle: DiskBox

    /// The handle belongs to the thread of its disk.
    private struct DiskBox: @unchecked Sendable { let handle: DiskHandle }

    /// Opens a file, making it where there is none.
    package init(_ disk: SimulatedDisk, _ name: String) throws(DiskFailure) {
        self.disk = disk
        try disk.requireLife()
        let file: DiskFile
        if let present = disk.folder[name] { file = present } else { file = try disk.create(name) }
        handle = DiskBox(
            handle: DiskHandle(disk, file, name: name, isReadOnly: disk.faults.isReadOnly, syncsFolder: false))
    }

    /// Up to `count` bytes from `offset`; fewer at the end of the file.
    package func read(at offset: Int, count: Int) throws(DiskFailure) -> [UInt8] {
        let present = max(0, min(count, try handle.handle.byteCount() - offset))
        var bytes = [UInt8](repeating: 0, count: present)
        var failure: DiskFailure?
        bytes.withUnsafeMutableBytes { buffer in
            do throws(DiskFailure) { _ = try handle.handle.read(into: buffer, at: offset) } catch { failure = error }
        }
        if let failure { throw failure }
        return bytes
    }

    package func write(_ bytes: [UInt8], at offset: Int) throws(DiskFailure) {
        var failure: DiskFailure?
        bytes.withUnsafeBytes { buffer in
            do throws(DiskFailure) { try handle.handle.write(buffer, at: offset) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// 0 where it cannot be told.
    package var byteCount: Int { (try? handle.handle.byteCount()) ?? 0 }

    package func sync() throws(DiskFailure) { try handle.handle.sync() }
}
