internal import Cryptography
internal import Encoding
internal import Federation
internal import NodeRuntime
internal import Scoring
internal import Storage
internal import TransparencyLog

// What must hold in the end, found out from the nodes' stores and disks by other means than the nodes' own.
extension World {
    private typealias Reading = [OriginName: [(entry: [UInt8], body: [UInt8])]]

    /// What does not hold.
    func check() -> [String] {
        count(.lostPast, stranded.count)
        do {
            let readings = try honest.map { city in (city, try reading(city)) }
            guard let (first, logs) = readings.first, let node = first.node else { return ["no node is left"] }
            var failures = watch.check(mayForget: { cities[$0].lostAt != nil }) { try? node.log.root($0, at: $1) }
            failures += mishaps
            for (city, other) in readings.dropFirst() { failures += try differences(first, logs, city, other) }
            failures += brokenPromises(logs)
            for city in honest { failures += try standingsFailures(city, reading(city, showsHidden: true)) }
            failures += unheardForks() + falseAccusations()
            failures += eraseForGood()
            failures += remains(logs, try node.visibleSizes())
            failures += verificationFailures()
            return failures
        } catch { return ["the stores cannot be read: \(error)"] }
    }

    /// - Parameter showsHidden: also bodies that an erasure hides and no attested cut has taken away yet.
    private func reading(_ city: City, showsHidden: Bool = false) throws -> Reading {
        guard let node = city.node else { throw NodeFailure(.unavailable, "\(city.name) does not run") }
        var reading: Reading = [:]
        for state in node.log.states {
            let pieces = state.size == 0 ? [] : try node.log.packed(state.origin, 0..<state.size)
            var entries = pieces.flatMap(\.unpacked).map { (entry: $0.entry, body: $0.body) }
            for index in showsHidden ? state.erased.indices.map(Int.init) : [] where index < entries.count {
                entries[index].body = try node.log.hiddenEntry(state.origin, UInt64(index))?.body ?? []
            }
            reading[state.origin] = entries
        }
        return reading
    }

    /// Where two cities hold something else. Bodies count as far as the log is whole: what lies behind one that its hostile
    /// city gave to nobody is asked of nobody.
    private func differences(_ first: City, _ logs: Reading, _ city: City, _ other: Reading) throws -> [String] {
        let whole = try first.node?.visibleSizes() ?? [:]
        let machines = [first, city].compactMap(\.node)
        return Set(logs.keys).union(other.keys).sorted().compactMap { origin in
            var (left, right) = (logs[origin] ?? [], other[origin] ?? [])
            // What a hostile city showed to one of them only, and lost, nobody else can have; what a stranded one recorded since
            // is not signed, and has no place yet.
            if isStranded(origin) || !isHonest(origin) {
                let signed = machines.compactMap { $0.log.state(origin)?.signedSize }.min() ?? 0
                let count = min(left.count, right.count, isStranded(origin) ? Int(signed) : .max)
                (left, right) = (Array(left.prefix(count)), Array(right.prefix(count)))
            }
            guard left.count == right.count else { return "\(first.name) and \(city.name) hold other lengths of \(origin)" }
            for place in left.indices {
                // A stranded city's erasures wait beside its log, and hide there already what they name.
                let isBeside = [first, city].contains { stranded.contains($0.place) }
                let isWhole = UInt64(place) < whole[origin] ?? 0 && !isStranded(origin) && !isBeside
                // An erasure behind what a hostile city gave to everybody hides what it names where it has arrived.
                let isHidden =
                    !isHonest(origin)
                    && machines.contains { $0.log.state(origin)?.erased.contains(UInt64(place)) ?? false }
                if isHidden, left[place].entry == right[place].entry { continue }
                guard left[place].entry != right[place].entry || (isWhole && left[place].body != right[place].body) else {
                    continue
                }
                return "\(first.name) and \(city.name) hold different entries \(place) of \(origin)"
                    + " (bodies of \(left[place].body.count) and \(right[place].body.count) bytes)"
            }
            return nil
        }
    }

    // MARK: Promises

    private func brokenPromises(_ logs: Reading) -> [String] {
        var kept: [Int: Set<[UInt8]>] = [:]
        for (origin, entries) in logs {
            guard let place = federation.topology.index(ofOrigin: origin.line) else { continue }
            for (entry, body) in entries {
                guard let entry = try? Entry(decoding: entry), let body = try? Body(decoding: body, kind: entry.kind),
                    let mark = body.content.mark
                else { continue }
                kept[place, default: []].insert(mark)
            }
        }
        let broken = ledger.promises.filter { promise in
            // What was aside when its target was erased has nothing left to name; in its place in a log it stays.
            let wasAside = promise.index == nil || cities[promise.city].lostAt != nil
            let isGivenUp = wasAside ? ledger.isGivenUp(promise) : ledger.givenUp.contains(promise.mark)
            return !promise.isExcused && !isGivenUp && !watch.hostile.contains(promise.city) && !stranded.contains(promise.city)
                && kept[promise.city]?.contains(promise.mark) != true
        }
        return broken.prefix(5).map { promise in
            "\(cities[promise.city].name) has lost \(String(decoding: promise.mark, as: UTF8.self)), acknowledged at \(promise.at) ms"
                + " (\(broken.count) in all)"
        }
    }

    // MARK: Standings

    private var finalDay: UInt32 { UInt32((1_767_225_600_000 + now) / 86_400_000) }

    private func standingsFailures(_ city: City, _ logs: Reading) throws -> [String] {
        guard let node = city.node else { return [] }
        // Of a hostile city's log that lacks bodies only what comes before them counts.
        let sizes = try node.visibleSizes()
        let expected = plainFold(logs, sizes).standings()
        var scores: [SubjectID: Int64] = [:]
        let summary = try node.standings(sizes: sizes, day: finalDay) { scores[$0.subject] = $0.score }
        if summary.root == expected.root && scores == expected.scores { return [] }
        let others = Set(scores.keys).union(expected.scores.keys).sorted().filter { scores[$0] != expected.scores[$0] }
        let first = others.prefix(3).map { subject in
            "\(subject) \(scores[subject].map(String.init) ?? "not at all") instead of \(expected.scores[subject].map(String.init) ?? "not at all")"
        }
        return ["\(city.name) scores \(others.count) subjects otherwise than the plain fold: \(first.joined(separator: ", "))"]
    }

    private func plainFold(_ logs: Reading, _ sizes: [OriginName: UInt64]) -> PlainFold {
        let items = logs.flatMap { origin, entries in
            entries.prefix(Int(sizes[origin] ?? 0)).enumerated().map {
                PlainFold.Item(origin: origin, index: UInt64($0.offset), entry: $0.element.entry, body: $0.element.body)
            }
        }
        return PlainFold(
            items, rulebook: federation.files.rulebook, population: SimulatedFederation.population, day: finalDay
        ) { [topology = federation.topology] in topology.isAuthority(nodeLine: $0.nodeLine) }
    }

    /// Has a cut attested, which takes erased bytes away; who attests nothing, since it waits for its past, keeps them a day, and
    /// so does everybody where a hostile city has kept bodies back and the cut ends before what all hold.
    private func eraseForGood() -> [String] {
        var failures: [String] = []
        for round in 0..<3 {
            failures = convergenceFailures()
            // A clock that was four days ahead when the erasure came is one reason more to wait.
            if round == 0 {
                let isCutShort = isCutShort
                for city in cities where isCutShort || stranded.contains(city.place) { city.clockError += 6 * 86_400_000 }
            }
            // The result of the cut still has to reach everybody, and old erasures are looked for once a minute, or less often
            // where timers come late.
            run(30_000 + 60_000 * plan.timerStretch)
            // What was damaged under a running node, or a fork in what a city had shown to one other, may come to light only now.
            guard mendAgain() || settleLateForks() else { break }
        }
        return failures
    }

    /// Whether somebody cannot answer for all that another can: it has dropped for its age what an erasure names that stands
    /// behind a body which was kept back.
    private var isCutShort: Bool {
        let sizes = honest.filter { !stranded.contains($0.place) }.compactMap { try? $0.node?.visibleSizes() }
        return sizes.contains { $0 != sizes.first }
    }

    private func convergenceFailures() -> [String] {
        guard let aggregator = honest.last(where: { !stranded.contains($0.place) }) else { return [] }
        let answer = command(
            aggregator, "converge", [("timeout_ms", .integer(60_000)), ("day", .integer(Int64(finalDay)))])
        guard let answer else { return ["\(aggregator.name) cannot converge"] }
        let nodes = answer["nodes"]?.array ?? []
        return nodes.compactMap { line in
            guard let name = line["node"]?.string, let verdict = line["verdict"]?.string, verdict != "agrees",
                honest.contains(where: { $0.name == name && !stranded.contains($0.place) })
            else { return nil }
            return "\(name) does not attest the standings: \(verdict)"
        }
    }

    // MARK: Forks, erasures, damage

    /// Forks that an honest city can prove, and another has not heard of.
    func unheardForks() -> [String] {
        let proven = Set(honest.flatMap { (try? $0.node?.log.forks())?.map(\.origin) ?? [] })
        return honest.flatMap { city in
            proven.sorted().filter { city.node?.log.state($0)?.isForked != true }.map {
                "\(city.name) has not heard that \($0) is forked"
            }
        }
    }

    private func falseAccusations() -> [String] {
        var failures: [String] = []
        for city in honest {
            for fork in (try? city.node?.log.forks()) ?? [] {
                guard let place = federation.topology.index(ofOrigin: fork.origin.line), !watch.hostile.contains(place) else {
                    continue
                }
                failures.append("\(city.name) holds a proof that \(fork.origin), which is honest, is forked")
            }
        }
        return failures
    }

    /// Bodies that an erasure names which counts, and that still lie on a disk. To be called after a cut was attested.
    private func remains(_ logs: Reading, _ visible: [OriginName: UInt64]) -> [String] {
        var failures: [String] = []
        // No cut contains an erasure that stands behind bodies which a hostile city gave to nobody.
        for erased in erasedBodies(logs, upTo: visible) {
            // A copy of a page that a fault put into free space is nothing that the store knows of.
            for city in honest where !city.isUndermined {
                let names = Set(
                    city.disk.image.names(holding: erased.salt) + city.disk.visibleImage.names(holding: erased.salt))
                if !names.isEmpty {
                    let places = places(of: erased.salt, logs)
                    failures.append(
                        "\(city.name) still has bytes of \(erased.target), erased by \(erased.erasure), in \(names.sorted().joined(separator: ", "))"
                            + (places.isEmpty ? "" : ", which stand at \(places.joined(separator: ", "))"))
                }
            }
        }
        return Array(failures.prefix(5))
    }

    private func places(of salt: [UInt8], _ logs: Reading) -> [String] {
        logs.flatMap { origin, entries in
            entries.indices.filter { entries[$0].body.starts(with: salt) }.map { "\(origin):\($0)" }
        }.sorted()
    }

    private struct ErasedBody {
        let target: String
        let erasure: String
        let salt: [UInt8]
    }

    private func erasedBodies(_ logs: Reading, upTo visible: [OriginName: UInt64]) -> [ErasedBody] {
        var bodies: [ErasedBody] = []
        for (origin, entries) in logs {
            for (index, (bytes, _)) in entries.prefix(Int(visible[origin] ?? 0)).enumerated() {
                guard let entry = try? Entry(decoding: bytes), case .erasure(let target, _) = entry.content,
                    let erased = OriginName(target.origin),
                    erased.nodeLine == origin.nodeLine || federation.topology.isAuthority(nodeLine: origin.nodeLine),
                    let log = logs[erased], target.index < UInt64(log.count),
                    case .commitment(let commitment)? = (try? Entry(decoding: log[Int(target.index)].entry))?.content,
                    let salt = ledger.salt(of: commitment)
                else { continue }
                bodies.append(ErasedBody(target: "\(erased):\(target.index)", erasure: "\(origin):\(index)", salt: salt))
            }
        }
        return bodies.sorted { ($0.target, $0.erasure) < ($1.target, $1.erasure) }
    }

    private func verificationFailures() -> [String] {
        honest.compactMap { city in
            guard let answer = command(city, "verify") else { return "\(city.name) cannot be verified" }
            return answer["sound"]?.boolean == true ? nil : "\(city.name) is not sound: \(answer.text)"
        }
    }
}
