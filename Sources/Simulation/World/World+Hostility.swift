internal import Cryptography
internal import Federation
internal import NodeRuntime
internal import Replication
internal import Storage
internal import TransparencyLog

// What a hostile city does, and what nodes of other versions do.
extension World {
    func offend(_ kind: FaultKind) {
        guard let hostility else { return }
        switch kind {
        case .twin: divide(hostility)
        case .withholding: hostility.withholdsUntil = now + draw(5_000...40_000)
        case .nonsense:
            guard let end = ends(of: hostility).randomElement(using: &random), let parcel = hostility.nonsense(self) else {
                return
            }
            end.inject(parcel.type, parcel.payload)
            count(kind)
        case .wrongfulErasure:
            guard let other = draw(honest), let size = other.node?.log.state(other.origin)?.size, size > 0 else { return }
            let target = Position(origin: other.origin.line, index: draw(0...(size - 1)))
            let entry = Entry(erasing: target, ground: .order, recordedAt: hostility.city.wallMilliseconds(now) << 16)
            append([(entry: entry.encoded, body: [])], to: hostility.city, as: kind)
        default: return
        }
    }

    private func ends(of hostility: Hostility) -> [WireEnd] {
        lines.flatMap(\.wires).flatMap { [$0.0, $0.1] }.filter { $0.isOpen && hostility.isHere($0.life.city) }
    }

    /// Each peer is shown the city or its twin, which goes on from what the city had recorded when it was made.
    private func divide(_ hostility: Hostility) {
        if hostility.twin == nil {
            let twin = City(place: hostility.city.place, federation, seed: plan.seed ^ 0x7477_696e)
            twin.disk.restore(hostility.city.disk.visibleImage)
            hostility.twin = twin
            settle(twin)
            lines += lines.filter { $0.touches(hostility.city) }.map { $0.redirected(from: hostility.city, to: twin) }
            start(twin)
        }
        count(.twin)
        guard let twin = hostility.twin else { return }
        for place in cities.map(\.place) {
            let showsTwin = random.chance(50)
            for line in lines where line.leads(to: place) {
                if line.touches(twin) { line.setCut(!showsTwin) }
                if line.touches(hostility.city) { line.setCut(showsTwin) }
            }
        }
    }

    /// The hostile city shows itself as it is, and its twin is gone.
    func endHostility() {
        guard let hostility else { return }
        hostility.withholdsUntil = 0
        if let twin = hostility.twin {
            stop(twin)
            twin.restartsAt = nil
        }
        for line in lines { line.setCut(hostility.twin.map { line.touches($0) } ?? false) }
    }

    // MARK: Other versions

    /// A node of a later version: it says so, sends what nobody knows yet, and records what nobody knows yet.
    func differ(_ kind: FaultKind) {
        switch kind {
        case .newerVersion:
            guard let city = draw(honest) else { return }
            city.helloVersions = random.chance(80) ? (1, 2) : (2, 3)
            after(draw(5_000...30_000)) { city.helloVersions = nil }
            for line in lines where line.touches(city) { line.breakDown("upgraded") }
            count(kind)
        case .unknownMessage:
            guard let end = draw(lines.flatMap(\.wires).flatMap { [$0.0, $0.1] }.filter(\.isOpen)) else { return }
            end.inject(UInt8(draw(100...255)), random.bytes(Int(draw(0...200))))
            count(kind)
        case .unknownEntry:
            guard let city = draw(honest.filter(\.isRunning)) else { return }
            append([strangeEntry(), strangeEntry()], to: city, as: kind)
        default: return
        }
    }

    private func strangeEntry() -> (entry: [UInt8], body: [UInt8]) {
        let body = random.bytes(Int(draw(1...200)))
        switch draw(0...2) {
        case 0: return ([2] + random.bytes(Int(draw(1...300))), [])
        case 1: return ([1, UInt8(draw(8...255))] + random.bytes(8) + sha256(body).bytes, body)
        default:
            let strange = Body(
                salt: random.bytes(16), day: SimulatedFederation.startDay + UInt32(draw(0...500)),
                subject: SimulatedFederation.population.subject(draw(0...40)),
                content: .observation(factor: Array("plus".utf8), quantity: 1, reference: ledger.nextMark(0)),
                extensions: random.bytes(Int(draw(1...300)))
            ).encoded
            return (Entry(kind: .observation, recordedAt: 1, commitment: sha256(strange)).encoded, strange)
        }
    }

    /// Has a city record, in its own log and signed, what this program's nodes would not.
    private func append(_ entries: [(entry: [UInt8], body: [UInt8])], to city: City, as kind: FaultKind) {
        // Only behind a past that is known to be whole: otherwise this itself would be a fork.
        guard city.isRunning, let life = city.life, life.sync?.ask({ $0.isConfirmed }) == true,
            let state = city.node?.log.state(city.origin), state.checkpoint?.size == state.size, !state.isForked
        else { return }
        stop(city)
        guard !city.disk.isHalted else { return }
        do {
            var options = LogStoreOptions()
            options.files = city.disk
            let store = try LogStore(path: "/log.sqlite", options: options)
            defer { try? store.close() }
            try store.write { transaction in
                var builder = PackedEntriesBuilder()
                for entry in entries { builder.append(entry: entry.entry, body: entry.body) }
                try transaction.append(
                    city.origin, [builder.finish()], leafHashes: entries.map { leafHash($0.entry) })
                guard let after = transaction.state(city.origin) else { return }
                let checkpoint = Checkpoint(origin: city.origin.line, size: after.size, root: after.root)
                try transaction.setCheckpoint(
                    SignedCheckpoint(signing: checkpoint, with: federation.keys[city.place].log))
            }
            count(kind)
        } catch { tell("\(city.name) takes no strange entries: \(error)") }
        restart(city, after: draw(plan.downtime))
    }
}
