import Encoding
import Foundation

/// A real browser without a window, driven over the WebDriver protocol (W3C).
final class Browser: @unchecked Sendable {
    struct Failure: Error, CustomStringConvertible { let description: String }

    private static let drivers = ["/usr/bin/chromedriver", "/usr/lib/chromium/chromedriver"]
    private static let browsers = ["/usr/bin/chromium", "/usr/bin/google-chrome", "/usr/bin/chromium-browser"]

    private static func first(_ paths: [String]) -> String? {
        paths.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    static let isInstalled = first(drivers) != nil && first(browsers) != nil

    private let process = Process()
    private let port: Int
    private var session = ""

    /// Starts a driver and a browser.
    init() throws {
        guard let driver = Self.first(Self.drivers), let browser = Self.first(Self.browsers) else {
            throw Failure(description: "no browser is installed")
        }
        port = try Socket(listeningOn: 0).port
        process.executableURL = URL(fileURLWithPath: driver)
        process.arguments = ["--port=\(port)", "--log-level=OFF"]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        let arguments = [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1100,1400",
        ]
        let options: JSONValue = ["binary": .string(browser), "args": .array(arguments.map { .string($0) })]
        let request: JSONValue = [
            "capabilities": [
                "alwaysMatch": ["goog:chromeOptions": options, "goog:loggingPrefs": ["browser": "ALL"]]
            ]
        ]
        for attempt in 0..<100 {
            do {
                session = try call("POST", "/session", request).words("sessionId") ?? ""
                return
            } catch {
                if attempt == 99 { throw error }
                usleep(100_000)
            }
        }
    }

    func close() {
        _ = try? call("DELETE", "/session/\(session)")
        // The tests' process may block the signals that end others in order, and its children with it.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    private func call(_ method: String, _ path: String, _ body: JSONValue? = nil) throws -> JSONValue {
        let socket = try Socket(connectingTo: port)
        let text = body?.text ?? ""
        let head =
            "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"
            + "Content-Length: \(text.utf8.count)\r\n\r\n"
        try socket.send(Array((head + text).utf8))
        let answer = try socket.readAnswer()
        // The driver's numbers may have fractions, which JSONValue does not take: only texts and whole numbers are asked for.
        let value = try answer.json()["value"] ?? .null
        guard answer.status == 200 else { throw Failure(description: "\(method) \(path): \(answer.text)") }
        return value
    }

    private func ask(_ method: String, _ path: String, _ body: JSONValue? = nil) throws -> JSONValue {
        try call(method, "/session/\(session)\(path)", body)
    }

    func open(_ url: String) throws { _ = try ask("POST", "/url", ["url": .string(url)]) }

    /// What a script returns: text or a whole number.
    func evaluate(_ script: String) throws -> JSONValue {
        try ask("POST", "/execute/sync", ["script": .string(script), "args": .array([])])
    }

    func text(_ selector: String) throws -> String {
        let script = "const e = document.querySelector('\(selector)'); return e ? e.textContent : '';"
        if case .string(let text) = try evaluate(script).content { return text }
        return ""
    }

    func wait(_ what: String, until condition: () throws -> Bool) throws {
        for _ in 0..<600 {
            if try condition() { return }
            usleep(50_000)
        }
        throw Failure(description: "waited in vain for \(what)")
    }

    /// What stands in the browser's console.
    func console() throws -> [String] {
        let entries = try ask("POST", "/se/log", ["type": "browser"])
        guard case .array(let list) = entries.content else { return [] }
        return list.map { $0.words("message") ?? $0.text }
    }

    /// A picture of the whole page, PNG.
    func picture() throws -> Data {
        guard case .string(let text) = try ask("GET", "/screenshot").content, let data = Data(base64Encoded: text) else {
            throw Failure(description: "no picture")
        }
        return data
    }
}

extension JSONValue {
    fileprivate func words(_ name: String) -> String? {
        if case .string(let text)? = self[name]?.content { text } else { nil }
    }
}
