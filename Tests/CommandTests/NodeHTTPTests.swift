import Foundation
import Testing

/// Running a node with HTTP, and reading scores, where something stands in the way.
struct NodeHTTPTests {
    private let subject = Site.subject(7)

    @Test func anAddressThatIsTakenEndsTheNodeWithWhatToDo() throws {
        let site = try Site()
        let taken = try Listener()
        let refused = try site.run("solo", "node", "run", "--http", "\(taken.port)")
        #expect(refused.status == 1)
        #expect(refused.errors.contains("127.0.0.1:\(taken.port)"), "\(refused.errors)")
        #expect(refused.errors.contains("another process") && refused.errors.contains("--http"), "\(refused.errors)")
        // Nothing is left behind: the folder is free, and says nothing of an address.
        #expect(!FileManager.default.fileExists(atPath: site.path("solo/http")))
        try site.record("solo", subject, "help", day: "2021-05-01")
        let strange = try site.run("solo", "node", "run", "--http", "192.0.2.1:8480")
        #expect(strange.status == 1)
        #expect(
            strange.errors.contains("192.0.2.1:8480") && strange.errors.contains("address of this machine"), "\(strange.errors)"
        )
    }

    @Test func aReadingThatCannotBeTakenDownIsRefusedWhereTheNodeDoesNotRun() throws {
        let site = try Site()
        try site.record("solo", subject, "help", day: "2021-05-01")
        // A folder where the log of readings should be, for this month and the next: what no disk takes down, for whoever asks.
        let months = [0, 1].map { number -> String in
            let day = Date(timeIntervalSinceNow: Double(number) * 86_400)
            let parts = Calendar(identifier: .gregorian).dateComponents(in: TimeZone(identifier: "UTC")!, from: day)
            let month = parts.month ?? 0
            return "solo/reads-\(parts.year ?? 0)-\(month < 10 ? "0" : "")\(month).ndjson"
        }
        for month in Set(months) {
            try FileManager.default.createDirectory(atPath: site.path(month), withIntermediateDirectories: false)
        }
        for command in [["score", subject], ["explain", subject], ["standings"]] {
            let refused = try site.run("solo", command)
            #expect(refused.status == 1 && refused.output.isEmpty, "\(command)")
            #expect(refused.errors.contains("cannot be taken down") && refused.errors.contains("writable"), "\(refused.errors)")
        }
        for month in Set(months) { try FileManager.default.removeItem(atPath: site.path(month)) }
        #expect(try site.score("solo", subject, day: "2021-05-01") == 1_005)
        #expect(try site.done("solo", "reads", subject).lines.count == 1)
    }
}

/// A port of the loopback address that something listens on.
private final class Listener {
    let port: Int
    private let descriptor: Int32

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let isListening = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && listen(descriptor, 1) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        port = Int(UInt16(bigEndian: address.sin_port))
        try #require(isListening)
    }

    deinit { close(descriptor) }
}
