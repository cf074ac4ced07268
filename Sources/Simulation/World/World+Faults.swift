internal import Encoding
internal import Federation
internal import NodeRuntime
internal import Storage

// What goes wrong, and when.
extension World {
    func scheduleFaults() {
        for kind in FaultKind.allCases { if let interval = plan.intervals[kind] { schedule(kind, interval) } }
        scheduleImages()
    }

    private func schedule(_ kind: FaultKind, _ interval: UInt64) {
        after(draw(1...2 * interval)) { [self] in
            guard isFaulty else { return }
            happen(kind)
            schedule(kind, interval)
        }
    }

    private func scheduleImages() {
        after(draw(5_000...30_000)) { [self] in
            guard isFaulty else { return }
            for city in cities where random.chance(50) { city.keepImage(at: now) }
            scheduleImages()
        }
    }

    private func happen(_ kind: FaultKind) {
        tell("fault: \(kind.rawValue)")
        switch kind {
        case .brokenConnection, .halfOpenConnection, .secondConnection, .slowLine:
            if let line = draw(lines) { happen(kind, line) }
        case .partition, .oneWayPartition: interrupt(kind)
        case .retraction, .appeal, .ruling, .erasure: if let city = draw(cities.filter(\.isRunning)) { correct(kind, city) }
        case .convergence, .resync, .verification: if let city = draw(cities.filter(\.isRunning)) { ask(kind, city) }
        case .twin, .withholding, .nonsense, .wrongfulErasure: offend(kind)
        case .newerVersion, .unknownMessage, .unknownEntry: differ(kind)
        case .flippedBit, .truncatedFile, .copiedChunk, .olderChunk, .misdirectedWrite:
            if let city = draw(honest.filter(\.isRunning)) { damage(kind, city) }
        default: if let city = draw(cities.filter(\.isRunning)) { happen(kind, city) }
        }
    }

    // MARK: The network

    private func happen(_ kind: FaultKind, _ line: Line) {
        count(kind)
        switch kind {
        case .halfOpenConnection: line.halfOpen(deaf: random.chance(50) ? line.ends.dialler : line.ends.listener)
        case .secondConnection: line.connect()
        case .slowLine:
            line.slowness = (now + draw(1_000...40_000), draw(200...2_000)...6_000, Int(draw(1...20)))
        default: line.breakDown("the connection was reset")
        }
    }

    private func interrupt(_ kind: FaultKind) {
        let island = Set(cities.map(\.place).filter { _ in random.chance(50) })
        let ways = lines.flatMap { line -> [(from: Int, to: Int)] in
            let (first, second) = (line.ends.dialler.place, line.ends.listener.place)
            guard island.contains(first) != island.contains(second) else { return [] }
            let outward = island.contains(first) ? (from: first, to: second) : (from: second, to: first)
            return kind == .partition ? [outward, (from: outward.to, to: outward.from)] : [outward]
        }
        guard !ways.isEmpty else { return }
        count(kind)
        let block = network.block(ways)
        after(draw(500...60_000)) { [network] in network.lift(block) }
    }

    // MARK: Machines and disks

    private func happen(_ kind: FaultKind, _ city: City) {
        switch kind {
        case .deadProcess, .powerFailure:
            city.outage = kind == .powerFailure ? .power : .process
            city.disk.halt()
        case .deathInStep: city.disk.haltMoment = city.disk.moments + Int(draw(1...120))
        case .restart:
            stop(city)
            restart(city, after: draw(plan.downtime))
        case .clockJump:
            city.clockError += random.chance(70) ? drift(60_000) : drift(4 * 86_400_000)
        case .fullDisk, .readOnlyDisk, .failingDisk: trouble(kind, city)
        case .olderImage:
            guard let image = draw(city.images), canAfford(lossOf: city) else { return }
            city.replacement = image
            city.disk.halt()
        case .swappedDisks:
            guard let other = draw(cities.filter { $0 !== city && $0.isRunning }), canAfford(lossOf: city),
                canAfford(lossOf: other)
            else { return }
            // Found again, or one of them not: what two cities that ask each other lose at once nobody has.
            let lost = random.chance(40) ? draw([city, other]) : nil
            for (one, another) in [(city, other), (other, city)] {
                one.replacement = (now, another.disk.visibleImage)
                one.ownDisk = one === lost ? DiskImage() : one.disk.visibleImage
            }
            for one in [city, other] { one.disk.halt() }
        default: return
        }
        count(kind)
    }

    private func drift(_ most: Int64) -> Int64 { Int64.random(in: -most...most, using: &random) }

    private func trouble(_ kind: FaultKind, _ city: City) {
        let disk = city.disk
        switch kind {
        case .fullDisk: disk.faults.capacity = disk.visibleImage.byteCount + Int(draw(0...100_000))
        case .readOnlyDisk: disk.faults.isReadOnly = true
        default:
            disk.faults.failedReadsPerMillion = Int(draw(0...2_000))
            disk.faults.failedWritesPerMillion = Int(draw(0...20_000))
            disk.faults.failedSyncsPerMillion = Int(draw(0...50_000))
        }
        after(draw(1_000...30_000)) {
            switch kind {
            case .fullDisk: disk.faults.capacity = nil
            case .readOnlyDisk: disk.faults.isReadOnly = false
            default: disk.faults = disk.faults.withoutFailures
            }
        }
    }

    private func ask(_ kind: FaultKind, _ city: City) {
        guard !isCommanding else { return }
        count(kind)
        switch kind {
        case .convergence: command(city, "converge", [("timeout_ms", .integer(Int64(draw(500...15_000))))])
        case .resync: command(city, "resync")
        default: command(city, "verify")
        }
    }

    /// A dead node's disk is exchanged where that is why it died.
    func afterDeath(_ city: City) {
        strike(city)
        guard let replacement = city.replacement else { return }
        city.replacement = nil
        tell("\(city.name) is given \(city.ownDisk == nil ? "its disk" : "another's disk") of \(replacement.at) ms")
        if city.ownDisk == nil { noteLoss(of: city, keepingUpTo: replacement.at) }
        city.disk.restore(replacement.image)
    }

    /// A node runs on another city's disk. It has to refuse one that the other has recorded on; on one that is as good as new its
    /// operator misses what was recorded.
    func noticeStrangeDisk(_ city: City, _ life: Life) {
        guard let image = city.ownDisk else { return }
        let others = cities.map(\.origin).filter { $0 != city.origin }
        if others.contains(where: { life.node?.log.state($0).map { $0.signedSize < $0.size } ?? false }) {
            mishaps.append("\(city.name) has taken up another city's store")
        }
        after(0) { [self] in
            guard city.life === life else { return }
            stop(city)
            giveBackDisk(city, image)
            restart(city, after: 1_000)
        }
    }

    /// The node has refused another city's disk: it gets its own back, or an empty one where that is lost.
    func giveBackDisk(_ city: City, _ image: DiskImage) {
        tell("\(city.name) is given \(image.names.isEmpty ? "an empty disk" : "its own disk again")")
        city.ownDisk = nil
        if image.names.isEmpty { noteLoss(of: city, keepingUpTo: 0) }
        city.disk.restore(image)
    }
}

extension DiskFaults {
    var withoutFailures: DiskFaults {
        var faults = self
        faults.failedReadsPerMillion = 0
        faults.failedWritesPerMillion = 0
        faults.failedSyncsPerMillion = 0
        return faults
    }
}
