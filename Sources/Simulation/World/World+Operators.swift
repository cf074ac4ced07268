internal import Encoding
internal import Federation
internal import NodeRuntime
internal import Storage

// What people at the nodes do: they record and correct, and have their nodes converge, verify and resync.
extension World {
    /// Records come all the time while faults do.
    func scheduleRecords() {
        after(draw(0...2 * plan.recordMilliseconds)) { [self] in
            guard isFaulty else { return }
            if let city = draw(machines.filter(\.isRunning)) { record(city) }
            scheduleRecords()
        }
    }

    private func record(_ city: City) {
        guard let node = city.node else { return }
        var drafts: [Draft] = []
        var promises: [Ledger.Promise] = []
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let occurrence = occurrence(city, node)
            drafts.append(
                .body(
                    day: occurrence.day, subject: occurrence.subject,
                    content: .observation(factor: occurrence.factor, quantity: 1, reference: occurrence.mark)))
            promises.append(
                Ledger.Promise(
                    city: city.place, mark: occurrence.mark, subject: occurrence.subject, day: occurrence.day,
                    factor: occurrence.factor, index: nil, at: now, isObservation: true))
        }
        attempt(city, drafts, promises)
    }

    private struct Occurrence {
        let subject: SubjectID
        let day: UInt32
        let factor: [UInt8]
        let mark: [UInt8]
    }

    /// Something that happened to somebody; now and then what another city has reported too.
    private func occurrence(_ city: City, _ node: Node) -> Occurrence {
        let factor = draw(SimulatedFederation.factors) ?? []
        if random.chance(10), let other = draw(ledger.promises.filter { $0.isObservation && $0.city != city.place }),
            !ledger.promises.contains(where: { $0.city == city.place && $0.mark == other.mark })
        {
            // Mostly as the other city put it, so that one of the two is a duplicate.
            let isPutOtherwise = factor == SimulatedFederation.factors.first
            return Occurrence(
                subject: other.subject, day: other.day, factor: isPutOtherwise ? factor : other.factor, mark: other.mark)
        }
        let day = node.today - min(node.today - SimulatedFederation.startDay, UInt32(draw(0...400)))
        return Occurrence(
            subject: SimulatedFederation.population.subject(draw(0...40)), day: day, factor: factor,
            mark: ledger.nextMark(city.place))
    }

    /// Records drafts; what is acknowledged is promised.
    private func attempt(_ city: City, _ drafts: [Draft], _ promises: [Ledger.Promise]) {
        guard let node = city.node else { return }
        do {
            let result = try node.record(drafts)
            // A node that died on the way acknowledged nothing.
            guard city.isRunning else { return }
            count(.recorded, drafts.count)
            tell(
                "\(city.name) records \(String(decoding: promises.first?.mark ?? [], as: UTF8.self)) at \(result.indices)\(result.isAside ? " aside" : "")"
            )
            for (promise, index) in zip(promises, result.indices) { ledger.note(promise.placed(index, now)) }
        } catch {
            count(.refusedRecord)
            tell("\(city.name) does not record: \(error)")
        }
    }

    // MARK: Corrections

    /// A correction of something that the city holds: its own, or anybody's where it is the authority.
    func correct(_ kind: FaultKind, _ city: City) {
        guard let node = city.node, let (target, body) = target(city, node, kind) else { return }
        let mark = ledger.nextMark(city.place)
        let content: Body.Content
        switch kind {
        case .retraction: content = .retraction(target: target, reason: mark)
        case .appeal: content = .appeal(target: target, reason: mark)
        case .ruling:
            content = .ruling(target: target, verdict: random.chance(50) ? .upheld : .overturned, reason: mark)
        case .erasure: return erase(city, node, target, body)
        default: return
        }
        let promise = Ledger.Promise(
            city: city.place, mark: mark, subject: body.subject, day: node.today, factor: [], index: nil, at: now,
            isObservation: false, corrected: body.content.mark)
        attempt(city, [.body(day: node.today, subject: body.subject, content: content)], [promise])
        count(kind)
    }

    private func target(_ city: City, _ node: Node, _ kind: FaultKind) -> (Position, Body)? {
        let isAuthority = city.place == plan.nodes - 1
        if kind == .ruling, !isAuthority { return nil }
        let logs = node.log.states.filter { $0.size > 0 && (isAuthority || $0.origin == node.origin) }
        guard let log = draw(logs) else { return nil }
        let index = draw(0...(log.size - 1))
        guard let stored = try? node.log.entry(log.origin, index), !stored.body.isEmpty,
            let entry = try? Entry(decoding: stored.entry), let body = try? Body(decoding: stored.body, kind: entry.kind)
        else { return nil }
        return (Position(origin: log.origin.line, index: index), body)
    }

    private func erase(_ city: City, _ node: Node, _ target: Position, _ body: Body) {
        // Whether or not it is acknowledged: nobody may count on the body any more.
        ledger.note(body: body.encoded)
        if let mark = body.content.mark { ledger.giveUp(mark) }
        do {
            _ = try node.record([.erasure(target: target, ground: .request)])
            tell("\(city.name) erases \(String(decoding: target.origin, as: UTF8.self)):\(target.index)")
            if city.isRunning { count(.erasure) }
        } catch { tell("\(city.name) does not erase: \(error)") }
    }

    // MARK: Commands

    /// A command of an operator; one after another, since each goes on in virtual time.
    @discardableResult
    func command(_ city: City, _ name: String, _ members: [(String, JSONValue)] = []) -> JSONValue? {
        guard !isCommanding, let life = city.life, life.isAlive else { return nil }
        isCommanding = true
        defer { isCommanding = false }
        do {
            let answer = try life.command(name, members)
            tell("\(city.name) \(name): \(answer.text)")
            return life.isAlive ? answer : nil
        } catch {
            tell("\(city.name) \(name) fails: \(error)")
            return nil
        }
    }
}

extension Ledger.Promise {
    func placed(_ index: UInt64?, _ at: UInt64) -> Self {
        var promise = self
        promise.index = index
        promise.at = at
        return promise
    }
}

extension Body.Content {
    /// By what a body of a simulation is known again.
    var mark: [UInt8]? {
        switch self {
        case .observation(_, _, let reference): reference
        case .retraction(_, let reason), .appeal(_, let reason), .ruling(_, _, let reason): reason
        case .enrolment, .withdrawal: nil
        }
    }
}
