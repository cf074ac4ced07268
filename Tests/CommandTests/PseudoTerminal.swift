import Foundation
import Testing

/// A program on a terminal of its own, which it controls: what is typed there reaches it as from a keyboard, Ctrl-C included.
/// What it writes is drawn on a screen of characters.
final class PseudoTerminal {
    private let master: Int32
    private let slave: Int32
    private let process: pid_t
    private(set) var screen: Screen

    // Linux's numbers for what the C library has under names that are not seen from here: TIOCSPTLCK, TIOCGPTN and
    // POSIX_SPAWN_SETSID.
    private static let setLock: UInt = 0x4004_5431
    private static let getNumber: UInt = 0x8004_5430
    private static let newSession: Int16 = 0x80

    init(_ arguments: [String], columns: Int, rows: Int) throws {
        master = open("/dev/ptmx", O_RDWR | O_NOCTTY)
        var locked: Int32 = 0
        var number: UInt32 = 0
        try #require(master >= 0 && ioctl(master, Self.setLock, &locked) == 0 && ioctl(master, Self.getNumber, &number) == 0)
        let path = "/dev/pts/\(number)"
        // Held open here, so that the terminal's settings can be looked at when the program has ended.
        slave = open(path, O_RDWR | O_NOCTTY)
        try #require(slave >= 0)
        screen = Screen(columns: columns, rows: rows)
        var size = winsize(ws_row: UInt16(rows), ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
        try #require(ioctl(master, UInt(TIOCSWINSZ), &size) == 0)
        _ = fcntl(master, F_SETFL, O_NONBLOCK)
        process = try Self.spawn(arguments, path)
    }

    /// A session of its own, whose first opened terminal becomes the one that controls it.
    private static func spawn(_ arguments: [String], _ path: String) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, path, O_RDWR, 0)
        for descriptor: Int32 in [1, 2] { posix_spawn_file_actions_adddup2(&actions, 0, descriptor) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, newSession)
        var strings: [UnsafeMutablePointer<CChar>?] = (["concord"] + arguments).map { strdup($0) } + [nil]
        defer { for string in strings { free(string) } }
        var identifier: pid_t = 0
        try #require(posix_spawn(&identifier, Program.path, &actions, &attributes, &strings, environ) == 0)
        return identifier
    }

    deinit {
        kill(process, SIGKILL)
        close(master)
        close(slave)
    }

    /// As from a keyboard.
    func type(_ text: String) {
        let bytes = Array(text.utf8)
        #expect(write(master, bytes, bytes.count) == bytes.count)
    }

    func resize(columns: Int, rows: Int) {
        var size = winsize(ws_row: UInt16(rows), ws_col: UInt16(columns), ws_xpixel: 0, ws_ypixel: 0)
        #expect(ioctl(master, UInt(TIOCSWINSZ), &size) == 0)
        screen = Screen(columns: columns, rows: rows)
    }

    /// Draws what was written since.
    func look() {
        var block = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = read(master, &block, block.count), count > 0 {
            screen.draw(block[..<count])
        }
    }

    func wait(_ what: String, until condition: () -> Bool) throws {
        for _ in 0..<3_000 {
            look()
            if condition() { return }
            usleep(20_000)
        }
        Issue.record("waited in vain for \(what); the screen shows\n\(screen.text)")
        throw CancellationError()
    }

    /// Waits for the program's end; its exit status, or 128 and the signal that ended it.
    func end() throws -> Int32 {
        for _ in 0..<3_000 {
            var status: Int32 = 0
            look()
            if waitpid(process, &status, WNOHANG) == process {
                look()
                return status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f
            }
            usleep(20_000)
        }
        Issue.record("the program does not end")
        throw CancellationError()
    }

    /// What the terminal does with what is typed and written: whether it echoes, waits for lines, makes signals.
    var modes: [UInt32] {
        var settings = termios()
        tcgetattr(slave, &settings)
        return [settings.c_iflag, settings.c_oflag, settings.c_cflag, settings.c_lflag]
    }
}

/// A screen of characters that knows the sequences a full-screen program needs, and takes down what goes wrong on it.
struct Screen {
    let columns: Int
    let rows: Int
    private var cells: [[Character]]
    private var row = 0
    private var column = 0
    private var pending: [UInt8] = []
    /// Lines that left the screen at its top.
    private(set) var scrolled = 0
    /// Characters that were written behind the right edge.
    private(set) var overrun = 0
    /// How often it was drawn from its top.
    private(set) var frames = 0
    private(set) var isOther = false
    private(set) var hasCursor = true
    private(set) var unknown: [String] = []

    init(columns: Int, rows: Int) {
        self.columns = columns
        self.rows = rows
        cells = Array(repeating: Array(repeating: " ", count: columns), count: rows)
    }

    var lines: [String] {
        cells.map { String($0).replacingOccurrences(of: " +$", with: "", options: .regularExpression) }
    }
    var text: String { lines.joined(separator: "\n") }

    mutating func draw(_ bytes: some Sequence<UInt8>) {
        pending += bytes
        // A character may come in two parts.
        guard let text = String(validating: pending, as: UTF8.self) else { return }
        var rest = text.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case "\u{1b}":
                guard let end = rest.dropFirst().firstIndex(where: { $0.properties.isAlphabetic }), rest.first == "[" else {
                    pending = Array(String(String.UnicodeScalarView([scalar] + rest)).utf8)
                    return
                }
                control(String(String.UnicodeScalarView(rest[rest.startIndex...end])))
                rest = rest[end...].dropFirst()
            case "\r": column = 0
            case "\n": newLine()
            default: put(Character(scalar))
            }
        }
        pending = []
    }

    private mutating func newLine() {
        if row + 1 < rows { return row += 1 }
        scrolled += 1
        cells.removeFirst()
        cells.append(Array(repeating: " ", count: columns))
    }

    private mutating func put(_ character: Character) {
        guard column < columns else { return overrun += 1 }
        cells[row][column] = character
        column += 1
    }

    private mutating func control(_ sequence: String) {
        switch sequence {
        case "[H": (row, column, frames) = (0, 0, frames + 1)
        case "[K": for place in min(column, columns)..<columns { cells[row][place] = " " }
        case "[J", "[2J":
            let first = sequence == "[J" ? row : 0
            for place in first..<rows {
                for column in (place == row && sequence == "[J" ? min(column, columns) : 0)..<columns {
                    cells[place][column] = " "
                }
            }
        case "[?1049h": isOther = true
        case "[?1049l": isOther = false
        case "[?25l": hasCursor = false
        case "[?25h": hasCursor = true
        default: unknown.append(sequence)
        }
    }
}
