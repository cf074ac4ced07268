internal import Encoding
internal import Federation
internal import NodeRuntime
internal import Storage
internal import TransparencyLog

// Damaged files, and what operators do about them.
extension World {
    /// Whether a city's disk may lose something now without more being lost than was promised to survive: one disk at a
    /// time, and all that the city has published lies with those who will be asked for it.
    func canAfford(lossOf city: City) -> Bool {
        guard let node = city.node, cities.allSatisfy({ $0.lostAt.map { $0 + 60_000 < now } ?? true }) else { return false }
        let published = node.log.state(city.origin)?.checkpoint?.size ?? 0
        let linked = cities.filter { $0 !== city && federation.topology.areLinked($0.place, city.place) }
        return linked.allSatisfy { $0.isRunning && $0.node?.log.state(city.origin)?.size ?? 0 >= published }
    }

    /// Damages a file of a city, at rest or under the running node.
    func damage(_ kind: FaultKind, _ city: City) {
        guard canAfford(lossOf: city) else { return }
        let file = draw(["/log.sqlite", "/log.sqlite", "/log.sqlite-wal", "/standings.sqlite", "/published"]) ?? "/log.sqlite"
        city.isDamaged = true
        noteLoss(of: city, keepingUpTo: 0)
        count(kind)
        if kind == .misdirectedWrite {
            city.disk.misdirectedSuffix = file.hasSuffix("-wal") ? "log.sqlite-wal" : "log.sqlite"
            city.isUndermined = true
            return
        }
        city.pendingDamage = (kind, file)
        if random.chance(50) { city.disk.halt() } else { strike(city) }
    }

    /// Does the damage that is due.
    func strike(_ city: City) {
        guard let (kind, file) = city.pendingDamage else { return }
        city.pendingDamage = nil
        let kinds: [FaultKind: DiskDamage.Kind] = [
            .flippedBit: .flippedBit, .truncatedFile: .truncated, .copiedChunk: .copiedChunk, .olderChunk: .olderChunk,
        ]
        guard let damage = kinds[kind] else { return }
        city.isUndermined = true
        let done = city.disk.damage(damage, file, older: city.images.last?.image, using: &random)
        tell("\(city.name) is damaged: \(done?.description ?? "not at all")")
    }

    /// What was hit under a running node, which has its pages in memory, comes to light with a later start, or with a rescue:
    /// what is not there then may be gone for that.
    func noteUndermining(of city: City) {
        if city.isUndermined { noteLoss(of: city, keepingUpTo: 0, besidesOwn: true) }
        // What had been hit lies in the old file.
        if city.isRescued { city.isUndermined = false }
        city.isRescued = false
    }

    /// Puts a new store in the place of a damaged one, with all that can still be read of it; the node does not run.
    func rescue(_ city: City) {
        count(.rescue)
        tell("\(city.name) is rescued")
        city.isDamaged = true
        city.isRescued = true
        let (disk, file, fresh) = (city.disk, "/log.sqlite", "/log.sqlite.rescued")
        let files = NodeDisk(disk: disk)
        var isSaved = false
        do {
            var options = LogStoreOptions()
            options.files = disk
            let keys = federation.topology.keys
            let store = try LogStore.opening(path: file, options: options, keys: keys)
            defer { try? store.close() }
            try store.copyReadable(to: fresh, own: city.origin, keys: keys)
            isSaved = true
        } catch {
            tell("\(city.name): nothing can be read: \(error)")
            for suffix in ["", "-wal"] { files.remove(fresh + suffix) }
            // A disk that is full or fails now may do better later: what lies on it is not given up for that.
            guard (error as? StoreFailure)?.code == .corrupt else { return }
        }
        for suffix in ["", "-wal"] { files.remove(file + suffix) }
        if isSaved { try? disk.rename(fresh, to: file) }
        for name in [fresh, fresh + "-wal", "/standings.sqlite", "/standings.sqlite-wal"] { files.remove(name) }
        try? disk.syncFolder()
    }

    /// After the faults: what was damaged is verified, mended from peers, rescued where that is not enough.
    func mend() {
        for city in honest where city.isDamaged && city.isRunning { mend(city) }
    }

    /// Looks again at every city whose files were ever damaged; whether anything was mended.
    func mendAgain() -> Bool {
        var isMended = false
        for city in honest where city.isUndermined && city.isRunning {
            city.isDamaged = true
            while city.isDamaged, city.isRunning {
                mend(city)
                isMended = isMended || city.isDamaged
                run(1_500)
            }
        }
        return isMended
    }

    private func mend(_ city: City) {
        guard let answer = command(city, "verify") else {
            // A file that cannot even be verified: the operator starts anew from what can be read.
            return rescueAndRestart(city)
        }
        if answer["sound"]?.boolean == true {
            city.isDamaged = false
            return
        }
        let resync = command(city, "resync")
        count(.resync)
        if resync?["whole"]?.boolean != true, answer.text.contains("rescue") || resync?.text.contains("rescue") != false {
            rescueAndRestart(city)
        }
    }

    private func rescueAndRestart(_ city: City) {
        stop(city)
        rescue(city)
        restart(city, after: 1_000)
    }
}

extension JSONValue {
    subscript(name: String) -> JSONValue? {
        if case .object(let members) = content { members.first { $0.name == name }?.value } else { nil }
    }
    var boolean: Bool? { if case .boolean(let value) = content { value } else { nil } }
    var integer: Int64? { if case .integer(let value) = content { value } else { nil } }
    var string: String? { if case .string(let value) = content { value } else { nil } }
    var array: [JSONValue] { if case .array(let value) = content { value } else { [] } }
}
