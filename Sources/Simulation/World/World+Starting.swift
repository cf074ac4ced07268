internal import NodeRuntime
internal import Storage

extension World {
    /// A node that refused to start is tried again; where its store is damaged, its operator does what the node says.
    func couldNotStart(_ city: City, _ error: any Error) {
        count(.refusedStart)
        restart(city, after: draw(500...3_000))
    }
}
