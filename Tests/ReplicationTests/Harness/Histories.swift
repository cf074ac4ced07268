import Cryptography
import Federation
import Simulation
import TransparencyLog

extension TestFederation {
    /// A log of a node, with entries made from a seed behind those of another.
    func history(of node: Int, after prefix: MemoryLog? = nil, adding count: Int, seed: UInt64) -> MemoryLog {
        var random = SeededRandom(seed: seed)
        var log = prefix ?? MemoryLog(origin: origin(node))
        for _ in 0..<count {
            let body = Body(
                salt: random.bytes(16), day: 18_000, subject: SubjectID(high: 1, low: random.next()),
                content: .observation(factor: Array("kindness".utf8), quantity: 1, reference: [])
            ).encoded
            log.append(
                entry: Entry(kind: .observation, recordedAt: random.next(), commitment: sha256(body)).encoded, body: body)
        }
        log.proving = nil
        log.checkpoint = sign(node, size: log.size, root: log.tree.root)
        return log
    }
}
