internal import Federation
internal import HTTPTypes
internal import Hummingbird
internal import NodeRuntime

/// The logs that this node holds, as C2SP tlog-tiles under `/log/<origin line>/`, for any log monitor.
///
/// What stands at a tile's path never changes, so it may be kept for ever; a checkpoint is new all the time.
struct LogTiles: Sendable {
    let node: NodeCaller

    private enum Part: Equatable {
        case checkpoint
        case tile(level: Int, number: UInt64, width: Int)
        case entries(number: UInt64, width: Int)
    }

    /// - Parameter path: what stands behind `/log`, decoded.
    func answer(_ method: HTTPRequest.Method, _ path: [String], _ headers: HTTPFields) async throws -> Response {
        guard method == .get || method == .head else {
            var problem = WebProblem(.methodNotAllowed, "wrong-method", "logs are only read")
            problem.headers[.allow] = "GET, HEAD"
            throw problem
        }
        guard let (origin, part) = Self.parse(path) else { throw Self.nothing }
        var response: Response
        switch part {
        case .checkpoint:
            guard let note = try await node.run({ $0.checkpoint(origin) }) else { throw Self.nothing }
            response = Self.response(note, "text/plain; charset=utf-8", cache: "no-cache")
        case .tile(let level, let number, let width):
            let tile = try await node.run { try $0.tile(origin, level: level, number: number, width: width) }
            guard let tile else { throw Self.nothing }
            response = Self.response(tile, "application/octet-stream", cache: Self.forever)
        case .entries(let number, let width):
            let bundle = try await node.run { try $0.entryBundle(origin, number: number, width: width) }
            guard let bundle else { throw Self.nothing }
            response = Self.bundle(bundle, acceptsGzip: AcceptEncoding.allowsGzip(headers))
        }
        response.headers[.accessControlAllowOrigin] = "*"
        return response
    }

    private static let nothing = WebProblem.notFound(
        "this node holds nothing there: paths are those of C2SP tlog-tiles, up to the size of the newest checkpoint")

    private static let forever = "public, max-age=31536000, immutable"

    private static func response(_ bytes: [UInt8], _ type: String, cache: String) -> Response {
        Response(
            status: .ok, headers: [.contentType: type, .cacheControl: cache],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    private static func bundle(_ bytes: [UInt8], acceptsGzip: Bool) -> Response {
        let compressed = acceptsGzip ? gzip(bytes) : nil
        var response = response(compressed ?? bytes, "application/octet-stream", cache: forever)
        response.headers[.vary] = "Accept-Encoding"
        if compressed != nil { response.headers[.contentEncoding] = "gzip" }
        return response
    }

    /// `<origin line>/checkpoint`, `<origin line>/tile/<L>/<N>[.p/<W>]` or `<origin line>/tile/entries/<N>[.p/<W>]`. An origin
    /// line has slashes of its own, so the path is read from its end.
    private static func parse(_ path: [String]) -> (OriginName, Part)? {
        if path.last == "checkpoint", let origin = origin(path.dropLast()) { return (origin, .checkpoint) }
        guard let place = path.lastIndex(of: "tile"), let origin = origin(path[..<place]), path.count > place + 2 else {
            return nil
        }
        guard let (number, width) = coordinates(path[(place + 2)...]) else { return nil }
        if path[place + 1] == "entries" { return (origin, .entries(number: number, width: width)) }
        guard let level = plain(path[place + 1], upTo: 63) else { return nil }
        return (origin, .tile(level: Int(level), number: number, width: width))
    }

    private static func origin(_ path: ArraySlice<String>) -> OriginName? { OriginName(path.joined(separator: "/")) }

    /// `x001/x234/067` with `.p/<W>` where the tile is partial.
    private static func coordinates(_ path: ArraySlice<String>) -> (number: UInt64, width: Int)? {
        var groups = Array(path)
        var width = 256
        if groups.count >= 2, groups[groups.count - 2].hasSuffix(".p") {
            guard let partial = plain(groups.removeLast(), upTo: 255), partial >= 1 else { return nil }
            width = Int(partial)
            groups[groups.count - 1] = String(groups[groups.count - 1].dropLast(2))
        }
        // Six groups are 10^18 tiles: more than any log has.
        guard (1...6).contains(groups.count) else { return nil }
        var number: UInt64 = 0
        for (place, group) in groups.enumerated() {
            let isLast = place == groups.count - 1
            guard isLast || group.hasPrefix("x") else { return nil }
            let digits = isLast ? group[...] : group.dropFirst()
            guard digits.utf8.count == 3, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let value = UInt64(digits)
            else { return nil }
            // The number has one spelling: no group of zeros stands before it.
            if place == 0, !isLast, value == 0 { return nil }
            number = number * 1_000 + value
        }
        return (number, width)
    }

    /// A decimal without leading zeros.
    private static func plain(_ text: String, upTo maximum: UInt64) -> UInt64? {
        guard (1...3).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            text == "0" || !text.hasPrefix("0"), let value = UInt64(text), value <= maximum
        else { return nil }
        return value
    }
}

/// What a client says it can decode (RFC 9110 section 12.5.3).
enum AcceptEncoding {
    static func allowsGzip(_ headers: HTTPFields) -> Bool {
        var allowsAny = false
        for item in headers[values: .acceptEncoding].flatMap({ $0.split(separator: ",") }) {
            let parts = item.split(separator: ";").map { $0.filter { !$0.isWhitespace }.lowercased() }
            guard let name = parts.first else { continue }
            let isRefused = parts.dropFirst().contains { ["q=0", "q=0.0", "q=0.00", "q=0.000"].contains($0) }
            if name == "gzip" || name == "x-gzip" { return !isRefused }
            if name == "*" { allowsAny = !isRefused }
        }
        return allowsAny
    }
}
