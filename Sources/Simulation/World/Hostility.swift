internal import Cryptography
internal import Federation
internal import NodeRuntime
internal import SyncProtocol
internal import TransparencyLog

/// A city that keeps to no rule: its key signs what it likes, and it says what it likes.
final class Hostility {
    let city: City
    /// The same node once more, on another disk: what it records is another history. Nil until it was made.
    var twin: City?
    /// Until when it keeps back what it is asked for, and bodies.
    var withholdsUntil: UInt64 = 0
    private let federation: SimulatedFederation

    init(_ city: City, _ federation: SimulatedFederation) {
        self.city = city
        self.federation = federation
    }

    func isHere(_ other: City) -> Bool { other === city || other === twin }

    // MARK: Withholding

    /// What becomes of a message that the city sends; nil where it keeps it back.
    func altered(_ type: UInt8, _ payload: [UInt8], _ world: World) -> [UInt8]? {
        guard world.now < withholdsUntil, [5, 9, 11, 12].contains(type), world.random.chance(60) else { return payload }
        world.count(.withholding)
        guard type == 5, world.random.chance(70), case .range(var range)? = try? Message(type: type, payload: payload) else {
            return nil
        }
        range.pieces = range.pieces.map { piece in
            piece.withoutBodies(at: Set((0..<piece.count).filter { _ in world.random.chance(40) }))
        }
        return Message.range(range).payload.flatMap(\.self)
    }

    // MARK: Nonsense

    private var key: SigningKey { federation.keys[city.place].log }

    /// Something that no honest node would send.
    func nonsense(_ world: World) -> (type: UInt8, payload: [UInt8])? {
        let origin = world.draw(federation.topology.keys.map(\.name)) ?? city.origin.line
        switch world.draw(0...5) {
        case 0: return (UInt8(world.draw(1...17)), world.random.bytes(Int(world.draw(0...300))))
        case 1: return announcement(of: city.origin.line, size: world.draw(1...2_000), world)
        case 2: return announcement(of: origin, size: world.draw(1...(1 << 62)), world)
        case 3: return fork(origin, world)
        case 4:
            let pull = Pull(request: 7, origin: origin, first: 0, end: world.draw(1...1_000), target: 1_000)
            return packed(.pull(pull))
        default: return packed(.credit(UInt32.max))
        }
    }

    private func packed(_ message: Message) -> (type: UInt8, payload: [UInt8]) {
        (message.type, message.payload.flatMap(\.self))
    }

    /// A checkpoint of a history that does not exist; of another's log it is signed with the wrong key.
    private func announcement(of origin: [UInt8], size: UInt64, _ world: World) -> (type: UInt8, payload: [UInt8])? {
        guard let note = note(origin, size, world) else { return nil }
        return packed(.announce([Announcement(note: note, complete: size)]))
    }

    private func note(_ origin: [UInt8], _ size: UInt64, _ world: World) -> [UInt8]? {
        let root = Digest(world.random.bytes(32)) ?? Digest()
        return try? SignedCheckpoint(signing: Checkpoint(origin: origin, size: size, root: root), with: key).note
    }

    /// A proof against anybody, with signatures of its own.
    private func fork(_ origin: [UInt8], _ world: World) -> (type: UInt8, payload: [UInt8])? {
        guard let first = note(origin, 5, world), let second = note(origin, 5, world) else { return nil }
        return packed(.fork(ForkProof(firstNote: first, secondNote: second)))
    }
}
