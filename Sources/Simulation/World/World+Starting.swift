internal import Federation
internal import NodeRuntime
internal import Storage
internal import SyncProtocol

extension World {
    /// A node that refused to start is tried again; where its store is damaged, its operator does what the node says.
    func couldNotStart(_ city: City, _ error: any Error) {
        count(.refusedStart)
        if let image = city.ownDisk, (error as? NodeFailure)?.code == .refused { giveBackDisk(city, image) }
        if let failure = error as? StoreFailure, [.corrupt, .rejected, .other].contains(failure.code) { rescue(city) }
        restart(city, after: draw(500...3_000))
    }

    /// What a node's message becomes on its way out: hostile cities and those of other versions say it otherwise, or not.
    func said(_ type: UInt8, _ payload: [UInt8], by city: City) -> [UInt8]? {
        if let hostility, hostility.isHere(city) { return hostility.altered(type, payload, self) }
        guard type == 1, let versions = city.helloVersions, case .hello(var hello)? = try? Message(type: type, payload: payload)
        else { return payload }
        hello.minimumVersion = versions.minimum
        hello.maximumVersion = versions.maximum
        hello.features = [0xff, 0x03]
        // What a later version adds stands behind what is known.
        return Message.hello(hello).payload.flatMap(\.self) + random.bytes(Int(draw(0...40)))
    }
}
