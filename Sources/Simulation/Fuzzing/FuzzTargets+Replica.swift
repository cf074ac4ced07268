internal import Encoding
internal import Federation
internal import NodeRuntime
internal import Replication
internal import SyncProtocol

/// What follows on decoding: a peer that says anything in any order.
extension FuzzTarget {
    static let replicaTargets = [replica]

    /// The first byte says whether the node waits for word of its own past; the rest is what happens, step by step.
    private static let replica = FuzzTarget(
        "replica", "a hostile peer that may sign one log, against the replica of a node", maximumBytes: 1_024,
        tokens: [[0, 2, 0], [4, 4, 0, 0], [8, 4, 0], [6, 0, 4, 0, 0, 255, 0], [9, 1], [10, 0, 0], [11], [5, 0]],
        seeds: {
            // Session, hello, announcements of the two histories, ranges of both, tiles, time.
            let start: [UInt8] = [0, 2, 0, 4, 4, 0, 0]
            let ask: [UInt8] = [8, 4, 0, 6, 0, 4, 0, 0, 255, 0, 9, 1]
            let tiles: [UInt8] = [10, 0, 1, 11]
            let fork: [UInt8] = [4, 13, 0, 0, 8, 4, 0, 6, 0, 13, 1, 0, 255, 0, 9, 1] + tiles + tiles + tiles + [11]
            let raw = FuzzMessages.samples.map { message in
                let payload = message.payload.flatMap(\.self)
                return [3, 0, message.type, UInt8(payload.count >> 8 & 0xff), UInt8(payload.count & 0xff)] + payload
            }
            return [[0] + start + ask + fork, [1] + start + [5, 0] + ask, [0] + start + [7, 0, 4, 0, 0, 255, 9, 1] + fork]
                + raw.filter { $0.count < 900 }.map { [0] + start + $0 }
        },
        body: { input, trace throws(FuzzFailure) in
            guard let first = input.first else { return }
            var reader = ByteReader(input[1...])
            var bench = FuzzReplica(confirmation: first & 1 == 0 ? .done : .needed(all: first & 2 == 0, atLeast: 3))
            do {
                while try bench.step(&reader, &trace) {}
            } catch let failure as FuzzFailure { throw failure } catch { trace.note(1) }
        })
}
