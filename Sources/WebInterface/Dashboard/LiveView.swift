internal import Encoding
internal import Scoring

/// The part of the dashboard that changes by itself, as values for its template.
struct LiveView {
    let sample: LiveStatus.Sample
    let rates: [Int64]

    private var status: JSONValue { sample.status }
    private var logs: [JSONValue] { status.list("logs") }
    private var linked: [String] { status.list("linked").compactMap(\.asText).sorted() }

    var values: [String: Any] {
        let growing = Set(sample.growing)
        return [
            "time": "\(Words.time(sample.atMilliseconds)) UTC", "todo": todo,
            "picture": FederationPicture(status: status, peers: sample.peers, growing: growing).text(),
            "rates": Plots.rates(rates), "rate": "\(sample.eventsPerSecond)", "peers": linked, "logs": logs.map(row),
            "hasCuts": !sample.cuts.isEmpty, "nodes": nodes, "cuts": sample.cuts.map(cut),
        ]
    }

    private var nodes: [String] { sample.peers.list("nodes").compactMap { $0.words("node") } }

    /// What is wrong, in plain words, with the next step.
    private var todo: [[String: Any]] {
        var notices: [[String: Any]] = []
        func add(_ level: String, _ what: String, _ next: String) {
            notices.append(["level": level, "what": what, "next": next])
        }
        if let trouble = status.words("trouble") {
            add(
                "bad", "The store takes nothing: \(trouble)",
                "Make room on its disk, or make it writable. The node serves what it has and tries again every second.")
        }
        if let damage = status.number("damage"), damage > 0 {
            add(
                "bad",
                "The last verification or resync found or left \(damage) damaged \(damage == 1 ? "place" : "places") in this store.",
                "Start a resync: it fetches what is gone from peers and leaves the rest as it is. concord verify names the places."
            )
        }
        if !status.flag("confirmed") {
            add(
                "warn", "This node records, and publishes nothing yet.",
                "It waits until its peers have confirmed its past, so that an old backup cannot contradict what it once published. concord node status names the peers that are not heard."
            )
        }
        for log in logs where log.flag("frozen") && log.number("decided") == nil {
            add(
                "bad", "\(log.words("origin") ?? "") signed two histories. Nothing more of it is taken.",
                log.flag("own")
                    ? "Find out who else has this node's key; then stop the node and begin a new epoch with concord node new-epoch."
                    : "An authority decides how it ends: concord forks list, then concord forks decide.")
        }
        for name in status.list("unlinked").compactMap(\.asText) {
            add(
                "warn", "There is no link with \(name).",
                "The node tries again by itself. If that lasts, check the address and the firewall on both sides; their logs say why links end."
            )
        }
        for log in logs where (log.number("lag_ms") ?? 0) > 60_000 && !log.flag("frozen") {
            add(
                "warn",
                "Entries of \(log.words("origin") ?? "") have been lacking for \(Words.duration(log.number("lag_ms") ?? 0)).",
                "If the links are open, start a resync: it finds what is missing and fetches it from any peer.")
        }
        return notices
    }

    private func row(_ log: JSONValue) -> [String: Any] {
        let sizes = Dictionary(
            log.list("peers").map { ($0.words("peer") ?? "", $0.number("size") ?? 0) }, uniquingKeysWith: { first, _ in first })
        let lag = log.number("lag_events") ?? 0
        let milliseconds = log.number("lag_ms") ?? 0
        var remarks: [String] = []
        if log.flag("own") { remarks.append("its own") }
        if let decided = log.number("decided") {
            remarks.append("closed by decision at \(Words.grouped(decided))")
        } else if log.flag("frozen") {
            remarks.append("frozen: a fork")
        }
        var row: [String: Any] = ["name": shortName(log.words("origin") ?? ""), "remark": remarks.joined(separator: ", ")]
        for (name, member) in [("held", "complete"), ("published", "published"), ("folded", "folded"), ("newest", "newest")] {
            row[name] = Words.grouped(log.number(member) ?? 0)
        }
        row["lag"] = Words.grouped(lag)
        row["level"] = lag == 0 ? "good" : milliseconds > 60_000 ? "bad" : "warn"
        row["for"] = lag == 0 ? "–" : Words.duration(milliseconds)
        row["sizes"] = linked.map { peer -> String in sizes[peer].map { Words.grouped($0) } ?? "–" }
        return row
    }

    /// An origin line without the federation, which all share.
    private func shortName(_ origin: String) -> String {
        let federation = (status.words("federation") ?? "") + "/"
        return origin.hasPrefix(federation) ? String(origin.dropFirst(federation.count)) : origin
    }

    /// The text that stands most often in a list; of several the first by their order.
    private static func mostFrequent(_ texts: [String]) -> String? {
        var best: (text: String, count: Int)?
        for text in Set(texts).sorted() {
            let count = texts.filter { $0 == text }.count
            if count > best?.count ?? 0 { best = (text, count) }
        }
        return best?.text
    }

    private func cut(_ cut: JSONValue) -> [String: Any] {
        let attested = Dictionary(
            cut.list("attestations").map { ($0.words("node") ?? "", $0.words("root") ?? "") },
            uniquingKeysWith: { first, _ in first })
        let most = Self.mostFrequent(Array(attested.values))
        let roots = nodes.map { name -> [String: Any] in
            guard let root = attested[name] else { return ["root": "–", "level": "warn"] }
            return ["root": String(root.prefix(6)), "level": root == most ? "good" : "bad"]
        }
        let isWhole = cut.flag("agreed") && attested.count == nodes.count
        return [
            "hash": cut.words("hash") ?? "", "day": cut.words("day") ?? "",
            "at": Words.time(UInt64(clamping: cut.number("at_ms") ?? 0)), "roots": roots,
            "level": isWhole ? "good" : cut.flag("agreed") ? "warn" : "bad",
            "verdict": isWhole ? "yes" : cut.flag("agreed") ? "all of \(attested.count)" : "no",
        ]
    }
}

/// Numbers and times as people read them.
enum Words {
    static func grouped(_ number: Int64) -> String {
        let digits = Array(String(number.magnitude))
        var text = number < 0 ? "−" : ""
        for (place, digit) in digits.enumerated() {
            if place > 0, (digits.count - place).isMultiple(of: 3) { text.append(",") }
            text.append(digit)
        }
        return text
    }

    static func signed(_ number: Int64) -> String { number > 0 ? "+\(grouped(number))" : grouped(number) }

    static func duration(_ milliseconds: Int64) -> String {
        switch milliseconds {
        case ..<1_000: "\(milliseconds) ms"
        case ..<60_000: "\(milliseconds / 1_000) s"
        case ..<3_600_000: "\(milliseconds / 60_000) min"
        case ..<86_400_000: "\(milliseconds / 3_600_000) h"
        default: "\(milliseconds / 86_400_000) d"
        }
    }

    /// As in `2026-03-01 07:05:09`, UTC.
    static func time(_ milliseconds: UInt64) -> String {
        let seconds = milliseconds / 1_000 % 86_400
        let clock = [seconds / 3_600, seconds / 60 % 60, seconds % 60].map { $0 < 10 ? "0\($0)" : "\($0)" }
        return "\(CalendarDay(dayNumber: Int64(milliseconds / 86_400_000))) \(clock.joined(separator: ":"))"
    }
}

extension JSONValue {
    var asText: String? { if case .string(let text) = content { text } else { nil } }
}
