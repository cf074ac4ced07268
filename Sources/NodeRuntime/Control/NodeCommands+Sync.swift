internal import Cryptography
internal import Encoding
internal import Federation
internal import Foundation
internal import Replication
internal import Scoring
internal import Storage
internal import Synchronization
internal import TransparencyLog

extension NodeCommands {
    /// Where this node stands: every log against every peer, and the store.
    func status() throws -> JSONValue {
        var logs: [JSONValue] = []
        let standing = sync?.ask { $0.standing(now: node.steadyMilliseconds) } ?? []
        for line in node.topology.keys.map(\.name) {
            guard let origin = OriginName(line) else { continue }
            let state = node.log.state(origin)
            let number = try node.history.originNumber(line)
            let size = state?.size ?? 0
            let place = standing.first { $0.origin == origin }
            let newest = max(place?.newest ?? 0, state?.decision?.size ?? 0, size)
            logs.append([
                "origin": .string(origin.description), "own": .boolean(origin == node.origin),
                "recorded": .integer(Int64(size)),
                "complete": .integer(Int64(try state.map { try node.complete($0).complete } ?? 0)),
                "published": .integer(Int64(state?.checkpoint?.size ?? 0)), "newest": .integer(Int64(newest)),
                "lag_events": .integer(Int64(newest - size)), "lag_ms": .integer(Int64(place?.lagMilliseconds ?? 0)),
                "folded": .integer(Int64(node.history.visibleUpTo(number))),
                "folded_durable": .integer(Int64(node.history.foldedUpTo(number))),
                "frozen": .boolean(state?.isForked ?? false),
                "decided": state?.decision.map { .integer(Int64($0.size)) } ?? .null,
                "peers": .array((place?.peers ?? []).map { ["peer": .string($0.peer), "size": .integer(Int64($0.size))] }),
                "taken_from": .array(
                    (sync?.arrivals.counts(of: origin) ?? []).map {
                        ["peer": .string(node.topology.nodes[$0.peer].name), "entries": .integer(Int64($0.entries))]
                    }),
            ])
        }
        return try .object(header() + [JSONMember("logs", .array(logs))])
    }

    private func header() throws -> [JSONMember] {
        let wire = sync?.bytesOnTheWire
        let sessions = sync?.ask { $0.openSessions().map(\.peer) } ?? []
        let linked = node.topology.nodes.indices.filter { node.topology.areLinked(node.index, $0) }.map {
            node.topology.nodes[$0].name
        }
        let statistics = node.history.statistics
        let past = sync.map { Self.describe($0.ask { $0.pastStanding }) } ?? .null
        return [
            JSONMember("node", .string(node.identity.node)),
            JSONMember("title", .string(node.topology.nodes[node.index].title)),
            JSONMember("federation", .string(node.topology.federation)), JSONMember("running", .boolean(sync != nil)),
            JSONMember("confirmed", .boolean(node.isConfirmed)), JSONMember("past", past),
            JSONMember("aside", .integer(Int64(try node.log.asideCount()))),
            JSONMember("trouble", node.storeTrouble.map { .string($0) } ?? .null),
            JSONMember("topology", .string(base64(node.topology.hash.bytes))),
            JSONMember("rulebook", .string(base64(node.rulebook.hash.bytes))),
            JSONMember("linked", .array(sessions.map { .string($0) })),
            JSONMember("unlinked", .array(linked.filter { !sessions.contains($0) }.map { .string($0) })),
            JSONMember("wire_sent", .integer(Int64(wire?.sent ?? 0))),
            JSONMember("wire_received", .integer(Int64(wire?.received ?? 0))),
            JSONMember("unreadable", .integer(Int64(clamping: node.unreadableEntries.load(ordering: .relaxed)))),
            JSONMember("history_runs", .integer(Int64(statistics.runs))),
            JSONMember("epoch", .integer(Int64(node.identity.epoch))),
            JSONMember("damage", .integer(Int64(node.knownDamage.load(ordering: .relaxed)))),
            JSONMember("advice", .array(try advice().map { .string($0) })),
            JSONMember("forks", .array(try node.log.forks().map { .string($0.origin.description) })),
        ]
    }

    private static func describe(_ past: PastStanding) -> JSONValue {
        [
            "answers": .integer(Int64(past.answers)), "needed": .integer(Int64(past.needed)),
            "unheard": .array(past.unheard.map { .string($0) }), "shown": .integer(Int64(past.shown)),
            "stored": .integer(Int64(past.stored)),
        ]
    }

    func converge(_ request: inout JSONObjectReader, _ emit: @escaping (JSONValue) throws -> Void) throws -> JSONValue {
        let sync = try needSync()
        let day = try day(&request)
        let timeout = try request.optionalInteger("timeout_ms", in: 0...86_400_000) ?? 60_000
        let report = try sync.convergence.converge(day: day, timeoutMilliseconds: UInt64(timeout)) {
            try emit(["progress": .string($0)])
        }
        let lines = report.lines.map { line -> JSONValue in
            [
                "node": .string(line.node), "title": .string(line.title), "frontier": .integer(Int64(line.frontier)),
                "root": line.root.map { .string(base64($0.bytes)) } ?? .null, "verdict": .string(line.verdict.words),
            ]
        }
        return [
            "day": .string(Self.name(day)), "converged": .boolean(report.hasConverged),
            "cut": .string(base64(report.cut.hash.bytes)),
            "root": report.root.map { .string(base64($0.bytes)) } ?? .null, "subjects": .integer(Int64(report.subjects)),
            "nodes": .array(lines),
        ]
    }

    func verify(_ emit: @escaping (JSONValue) throws -> Void) throws -> JSONValue {
        let report = try node.verify(progress: throttled(emit))
        node.knownDamage.store(report.damageCount + report.damagedSubjects.count, ordering: .relaxed)
        node.environment.count("concord_verify_runs_total", [("outcome", report.isSound ? "sound" : "damaged")])
        node.environment.count("concord_damage_found_total", by: report.damageCount)
        return [
            "sound": .boolean(report.isSound), "logs": .integer(Int64(report.logs)), "entries": .integer(Int64(report.entries)),
            "milliseconds": .integer(Int64(report.milliseconds)), "damage_count": .integer(Int64(report.damageCount)),
            "damages": .array(report.damages.map { .string($0) }),
            "damaged_subjects": .array(report.damagedSubjects.map { .string($0) }),
        ]
    }

    func resync(_ request: inout JSONObjectReader, _ emit: @escaping (JSONValue) throws -> Void) throws -> JSONValue {
        var options = ResyncOptions()
        options.peer = try request.optionalString("peer")
        options.isDryRun = try request.optionalBoolean("dry_run") ?? false
        options.isFromScratch = try request.optionalBoolean("from_scratch") ?? false
        options.checksStandings = try request.optionalBoolean("standings") ?? true
        if let name = try request.optionalString("origin") { options.origin = try origin(named: name) }
        var resync = Resync(try needSync(), options, progress: throttled(emit))
        let report = try resync.run()
        // One log that is whole says nothing about the others.
        if report.isDryRun || !report.isWhole || options.origin == nil {
            node.knownDamage.store(report.isDryRun ? report.damageCount : report.left.count, ordering: .relaxed)
        }
        node.environment.count("concord_resync_runs_total", [("outcome", report.isWhole ? "whole" : "incomplete")])
        node.environment.count("concord_damage_found_total", by: report.damageCount)
        node.environment.count("concord_entries_mended_total", by: Int(clamping: report.repairedEntries))
        return [
            "whole": .boolean(report.isWhole), "dry_run": .boolean(report.isDryRun),
            "damage_count": .integer(Int64(report.damageCount)), "damages": .array(report.damages.map { .string($0) }),
            "repaired": .integer(Int64(report.repairedEntries)), "repaired_locally": .integer(Int64(report.repairedLocally)),
            "missing_bytes": .integer(Int64(report.missingBytes)), "fetched_bytes": .integer(Int64(report.fetchedBytes)),
            "wire_bytes": .integer(Int64(report.fetchedBytes + report.requestBytes)),
            "round_trips": .integer(Int64(report.roundTrips)), "rebuilt_standings": .boolean(report.rebuiltStandings),
            "verified": .integer(Int64(report.verifiedEntries)), "verify_ms": .integer(Int64(report.verifyMilliseconds)),
            "left": .array(report.left.map { .string($0) }),
        ]
    }

    /// An origin line, or a node's name for its newest epoch.
    private func origin(named name: String) throws -> OriginName {
        if let origin = OriginName(name), node.topology.index(ofOrigin: origin.line) != nil { return origin }
        if let index = node.topology.index(ofNode: name),
            let newest = node.topology.nodes[index].keys.compactMap({ OriginName($0.name) }).max(by: { $0.epoch < $1.epoch })
        {
            return newest
        }
        throw NodeFailure(.invalid, "\(name) is neither a node nor an origin line of this federation")
    }

    func export(_ request: inout JSONObjectReader, _ emit: @escaping (JSONValue) throws -> Void) throws -> JSONValue {
        let report = try node.export(to: request.string("path"), progress: throttled(emit))
        return [
            "logs": .integer(Int64(report.logs)), "files": .integer(Int64(report.files)),
            "bytes": .integer(Int64(report.bytes)),
        ]
    }

    func backUp(_ request: inout JSONObjectReader, _ emit: @escaping (JSONValue) throws -> Void) throws -> JSONValue {
        let progress = throttled(emit)
        let report = try node.backUp(to: request.string("path")) { try progress("copying", $0, $1) }
        return [
            "logs": .integer(Int64(report.logs)), "entries": .integer(Int64(report.entries)),
            "bytes": .integer(Int64(report.bytes)),
        ]
    }

    /// Emits the visible size of a log each time it grows, until `until` is reached.
    func watch(_ request: inout JSONObjectReader, _ emit: @escaping (JSONValue) throws -> Void) throws -> JSONValue {
        let origin = try origin(named: request.string("origin"))
        let until = UInt64(try request.integer("until", in: 0...Int64.max))
        let number = try node.history.originNumber(origin.line)
        var last: UInt64?
        let waiter = node.answersGrow.makeWaiter()
        defer { node.answersGrow.forget(waiter) }
        while true {
            let visible = node.history.visibleUpTo(number)
            if visible != last {
                last = visible
                try emit(["visible": .integer(Int64(visible))])
            }
            if visible >= until { return ["visible": .integer(Int64(visible))] }
            // Bodies that arrive after their entries are folded without a word.
            _ = waiter.wait(timeout: .now() + .milliseconds(20))
        }
    }
}

extension ConvergenceReport.Verdict {
    var words: String {
        switch self {
        case .agrees: "agrees"
        case .differs: "differs: it attests another standings root"
        case .behind(let reason): "behind: \(reason)"
        case .refuses(let reason): "refuses: \(reason)"
        case .unreachable: "unreachable: no answer within the time"
        }
    }
}
