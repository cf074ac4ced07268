internal import NodeRuntime

/// The files of a node on its simulated disk. What is thrown away lies on another one, as temporary folders do.
struct NodeDisk: NodeFiles {
    let disk: SimulatedDisk

    func open(_ path: String, isCreated: Bool) throws -> (any SmallFile)? {
        if !isCreated, disk.byteCount(of: path) == nil { return nil }
        do { return SmallDiskFile(file: try DiskPlainFile(disk, path)) } catch {
            throw NodeFailure(.storage, "\(path) cannot be opened: \(error)")
        }
    }

    func remove(_ path: String) {
        for name in disk.names where name == path || name.hasPrefix(path + "/") {
            try? disk.delete(name, syncsFolder: false)
        }
    }

    func scratchFolder() throws -> String { disk.makeTemporaryName() }

    /// One process at a time is a matter of the simulation.
    func lock(_ folder: NodeFolder) throws -> any Sendable { disk.generation }
}

private struct SmallDiskFile: SmallFile {
    let file: DiskPlainFile

    func read(at offset: Int, count: Int) -> [UInt8] { (try? file.read(at: offset, count: count)) ?? [] }
    func write(_ bytes: [UInt8], at offset: Int) -> Bool { (try? file.write(bytes, at: offset)) != nil }
    func sync() -> Bool { (try? file.sync()) != nil }
    var byteCount: Int { file.byteCount }
}
