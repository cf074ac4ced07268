/// The block of the file at hand, and the position in it. Memory is one block, however long the file is.
struct ImportBlocks {
    private let source: ImportSource
    private(set) var bytes: [UInt8]
    /// The next byte to read, and the place behind the last one at hand.
    var position = 0
    private(set) var end = 0
    /// Bytes read from the source so far.
    private(set) var byteCount = 0

    init(_ source: ImportSource) {
        self.source = source
        // A small file needs no large block; one that grew since it was opened takes some more of them.
        let needed = max(source.byteCount ?? ImportLimits.blockBytes, ImportLimits.leastBlockBytes)
        bytes = [UInt8](repeating: 0, count: min(needed, ImportLimits.blockBytes))
    }

    /// Replaces the block at hand, which has been read, by the next. False at the end of the file.
    mutating func advance() throws(ImportSourceFailure) -> Bool {
        position = 0
        end = 0
        return try extend()
    }

    /// Reads more behind what is at hand. False at the end of the file.
    private mutating func extend() throws(ImportSourceFailure) -> Bool {
        let count = try bytes.withUnsafeMutableBufferPointer { buffer throws(ImportSourceFailure) in
            try source.read(UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[end...]))
        }
        end += count
        byteCount += count
        return count > 0
    }

    /// To be called once, before all else: steps over a UTF-8 byte order mark. Gives what is wrong with a file that
    /// cannot be text at all; nil for any other.
    mutating func open() throws(ImportSourceFailure) -> String? {
        // A source may give its first bytes one by one.
        while end < 4, try extend() {}
        let front = bytes[..<end]
        if front.starts(with: [0xef, 0xbb, 0xbf]) {
            position = 3
            return nil
        }
        if front.starts(with: [0xff, 0xfe]) || front.starts(with: [0xfe, 0xff]) {
            return "the file is UTF-16: save it as UTF-8 (spreadsheets call it CSV UTF-8)"
        }
        if front.starts(with: Array("PK\u{3}\u{4}".utf8)) {
            return "the file is a spreadsheet document or archive: open it and save the sheet as CSV UTF-8"
        }
        if front.starts(with: [0x1f, 0x8b]) { return "the file is compressed: unpack it with gunzip first" }
        return nil
    }
}
