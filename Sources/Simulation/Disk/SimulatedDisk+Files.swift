internal import GRDBSQLite
internal import Storage

/// Opening, deleting and looking up files, for SQLite and for everybody else.
extension SimulatedDisk {
    /// Opens a file for SQLite; one without a name is gone when it is closed. Returns whether it can only be read.
    func open(_ name: String?, _ flags: Int32) throws(DiskFailure) -> (DiskHandle, isReadOnly: Bool) {
        try requireLife()
        guard let name else {
            return (DiskHandle(self, DiskFile(), name: "", isReadOnly: false, syncsFolder: false), false)
        }
        let isReadOnly = faults.isReadOnly && !Self.isTemporary(name) || flags & SQLITE_OPEN_READONLY != 0
        let isCreated = flags & SQLITE_OPEN_CREATE != 0
        let isJournal = flags & (SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL) != 0
        if folder[name] == nil, !isCreated { throw .noSuchFile }
        let file = if let present = folder[name] { present } else { try create(name) }
        // Also where it is there: it may never have been synced.
        return (
            DiskHandle(self, file, name: name, isReadOnly: isReadOnly, syncsFolder: isCreated && isJournal), isReadOnly
        )
    }

    func create(_ name: String) throws(DiskFailure) -> DiskFile {
        let file = DiskFile()
        try act(.create, name) { () throws(DiskFailure) in folder.link(name, file) }
        return file
    }

    package func delete(_ name: String, syncsFolder: Bool) throws(DiskFailure) {
        try requireLife()
        guard let file = folder[name] else { throw .noSuchFile }
        try act(.delete, name) { () throws(DiskFailure) in
            folder.unlink(name)
            noteRemoval(of: file, name)
        }
        if syncsFolder, !Self.isTemporary(name) { try syncFolder() }
    }

    package func rename(_ name: String, to other: String) throws(DiskFailure) {
        try requireLife()
        guard folder[name] != nil else { throw .noSuchFile }
        try act(.rename, name) { () throws(DiskFailure) in
            noteRemoval(of: folder[other], other)
            folder.rename(name, to: other)
        }
    }

    package func syncFolder() throws(DiskFailure) {
        try act(.syncFolder, "") { () throws(DiskFailure) in folder.sync() }
    }

    /// Whether a file is there, with content: SQLite takes an empty one for none, as on Unix.
    func access(_ name: String, isWritable: Bool) throws(DiskFailure) -> Bool {
        try requireLife()
        guard let file = folder[name] else { return false }
        return isWritable ? !faults.isReadOnly || Self.isTemporary(name) : !file.visible.isEmpty
    }

    /// The names of all files.
    package var names: [String] { folder.names }
}

extension SimulatedDisk: StoreFiles {
    package var vfs: String? { vfsName }

    package func byteCount(of path: String) -> UInt64? { folder[path].map { UInt64($0.visible.count) } }

    package func remove(_ path: String) throws {
        try reporting(path) { () throws(DiskFailure) in try delete(path, syncsFolder: false) }
    }

    package func sync(_ path: String) throws {
        try reporting(path) { () throws(DiskFailure) in
            guard let file = folder[path] else { throw .noSuchFile }
            try sync(file, path)
        }
    }

    package func syncFolder(of path: String) throws {
        if Self.isTemporary(path) { return }
        try reporting(path) { () throws(DiskFailure) in try syncFolder() }
    }

    /// Failures as a store tells them.
    private func reporting(_ path: String, _ body: () throws(DiskFailure) -> Void) throws(StoreFailure) {
        do throws(DiskFailure) { try body() } catch {
            let code: StoreFailure.Code =
                switch error {
                case .full: .diskFull
                case .readOnly: .readOnly
                case .dead, .inputOutput, .noSuchFile: .inputOutput
                }
            throw StoreFailure(code, "\(path) on a simulated disk: \(error)")
        }
    }
}
