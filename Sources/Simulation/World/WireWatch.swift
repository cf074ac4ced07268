internal import Cryptography
internal import Federation
internal import SyncProtocol
internal import TransparencyLog

/// Reads along what honest nodes send: every checkpoint that an honest city has signed must be of one history.
final class WireWatch {
    private struct Signed: Hashable {
        let origin: [UInt8]
        let size: UInt64
    }

    private let topology: Topology
    private var roots: [Signed: Digest] = [:]
    private var seen: Set<[UInt8]> = []
    /// Proofs that were sent, by the origin that they accuse.
    private(set) var accused: Set<[UInt8]> = []
    private var doubles: [(city: Int, text: String)] = []
    /// Cities that sign what they like.
    var hostile: Set<Int> = []

    init(_ federation: SimulatedFederation) { topology = federation.topology }

    func sent(_ type: UInt8, _ payload: [UInt8], from city: City) {
        guard !hostile.contains(city.place), [3, 5, 12].contains(type),
            let message = try? Message(type: type, payload: payload)
        else { return }
        switch message {
        case .announce(let announcements): for announcement in announcements { look(announcement.note) }
        case .range(let range): look(range.note)
        case .fork(let proof):
            for note in [proof.firstNote, proof.secondNote] {
                if let checkpoint = try? SignedCheckpoint(trusted: note) { accused.insert(checkpoint.origin) }
            }
        default: break
        }
    }

    private func look(_ note: [UInt8]) {
        guard seen.insert(note).inserted, let checkpoint = try? SignedCheckpoint(trusted: note),
            let place = topology.index(ofOrigin: checkpoint.origin), !hostile.contains(place)
        else { return }
        let key = Signed(origin: checkpoint.origin, size: checkpoint.size)
        if let root = roots[key], root != checkpoint.root {
            let line = String(decoding: checkpoint.origin, as: UTF8.self)
            doubles.append((place, "\(line) has signed two roots of \(checkpoint.size) entries"))
        }
        roots[key] = checkpoint.root
    }

    /// Holds every checkpoint that was sent against the logs as they are in the end. A city whose disk lost something cannot
    /// know of what it sent and nobody received: `mayForget` says which.
    func check(mayForget: (Int) -> Bool, _ root: (OriginName, UInt64) -> Digest?) -> [String] {
        var found = doubles.filter { !mayForget($0.city) }.map(\.text)
        for (key, expected) in roots {
            guard let origin = OriginName(key.origin), let place = topology.index(ofOrigin: key.origin), !mayForget(place),
                root(origin, key.size) != expected
            else { continue }
            found.append("\(origin) has signed a root of \(key.size) entries that its log does not have")
        }
        return found.sorted()
    }
}
