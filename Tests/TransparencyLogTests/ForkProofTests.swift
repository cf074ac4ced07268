import Cryptography
import Encoding
import TestSupport
import Testing
import TransparencyLog

struct ForkProofTests {
    private let keys = [try! VerifierKey(Vectors.fork["verifier_key"]!.string)]
    private let origin = Array("pilot.concord.example/shanghai/1".utf8)
    private let signing = SigningKey(seed: bytes(hex: Vectors.checkpoint["private_key_seed"]!.string)!)!

    static let count = Vectors.fork["proofs"]!.elements.count

    private func vector(_ number: Int) -> JSONValue { Vectors.fork["proofs"]!.elements[number] }

    private func proof(_ number: Int) -> ForkProof {
        let value = vector(number)
        let notes = value["checkpoints"]!.elements.map(\.textBytes)
        let inclusions = value["inclusion"]!.elements
        guard inclusions.count == 2 else { return ForkProof(firstNote: notes[0], secondNote: notes[1]) }
        #expect(inclusions[0]["index"]!.number == inclusions[1]["index"]!.number)
        let sides = inclusions.map { ForkProof.Inclusion(leaf: $0["leaf_hash"]!.digest, path: $0["path"]!.path) }
        return ForkProof(
            firstNote: notes[0], secondNote: notes[1],
            divergence: .init(index: inclusions[0]["index"]!.number, first: sides[0], second: sides[1]))
    }

    private func failure(_ proof: ForkProof) -> ForkProofFailure? {
        do {
            _ = try proof.verify(keys: keys)
            return nil
        } catch { return error }
    }

    @Test(arguments: 0..<count)
    func aForkIsProvenExactlyWhereTheVectorsSaySo(number: Int) throws {
        let proof = proof(number)
        if vector(number)["proves"]! == .boolean(true) {
            #expect(try proof.verify(keys: keys) == origin)
        } else {
            #expect(throws: ForkProofFailure.self) { try proof.verify(keys: keys) }
        }
    }

    @Test func whatProvesNothingSaysWhy() {
        #expect(Self.count == 6)
        #expect(failure(proof(2)) == .sameLeaf)
        #expect(failure(proof(3)) == .sameLeaf)
        #expect(failure(proof(4)) == .invalidInclusion)
        #expect(failure(proof(5)) == .note(.invalidSignature("pilot.concord.example/shanghai/1")))
    }

    @Test(arguments: 0..<count)
    func aProofSurvivesItsEncoding(number: Int) throws {
        let proof = proof(number)
        var reader = ByteReader(proof.encoded)
        #expect(try ForkProof(decoding: &reader) == proof)
        try reader.finish()
    }

    @Test(arguments: 0..<2)
    func aChangedProofProvesNothing(number: Int) {
        let good = proof(number)
        for index in good.encoded.indices {
            var changed = good.encoded
            changed[index] ^= 1 << UInt8(index % 8)
            var reader = ByteReader(changed)
            guard let proof = try? ForkProof(decoding: &reader), reader.remaining == 0 else { continue }
            // Nothing but the two signed statements makes a fork of equal sizes.
            #expect(throws: ForkProofFailure.self) { try proof.verify(keys: keys) }
        }
    }

    @Test(arguments: 0..<2)
    func aCutProofDoesNotDecode(number: Int) {
        let encoded = proof(number).encoded
        for count in encoded.indices {
            var reader = ByteReader(Array(encoded[..<count]))
            #expect(throws: DecodingFailure.self) { try ForkProof(decoding: &reader) }
        }
    }

    @Test func swappedSidesProveTheSameAndSwappedInclusionsNothing() throws {
        let good = proof(1)
        let divergence = try #require(good.divergence)
        let mirrored = ForkProof(
            firstNote: good.secondNote, secondNote: good.firstNote,
            divergence: .init(index: divergence.index, first: divergence.second, second: divergence.first))
        #expect(try mirrored.verify(keys: keys) == origin)
        let crossed = ForkProof(
            firstNote: good.firstNote, secondNote: good.secondNote,
            divergence: .init(index: divergence.index, first: divergence.second, second: divergence.first))
        #expect(failure(crossed) == .invalidInclusion)
        for index in [divergence.index - 1, divergence.index + 1, 40, 300, .max] {
            let moved = ForkProof(
                firstNote: good.firstNote, secondNote: good.secondNote,
                divergence: .init(index: index, first: divergence.first, second: divergence.second))
            #expect(failure(moved) == .invalidInclusion)
        }
        #expect(failure(ForkProof(firstNote: good.firstNote, secondNote: good.secondNote)) == .missingInclusion)
    }

    @Test func oneHistoryIsNoFork() {
        let note = proof(0).firstNote
        #expect(failure(ForkProof(firstNote: note, secondNote: note)) == .sameHistory)
    }

    @Test func twoOriginsAreNoFork() throws {
        let name = Array("pilot.concord.example/suzhou/1".utf8)
        let other = try SignedCheckpoint(signing: Checkpoint(origin: name, size: 40, root: Digest()), with: signing)
        let proof = ForkProof(firstNote: proof(0).firstNote, secondNote: other.note)
        let known = keys + [VerifierKey(name: name, key: keys[0].key)]
        #expect(throws: ForkProofFailure.differentOrigins) { try proof.verify(keys: known) }
        #expect(throws: ForkProofFailure.note(.noKnownSignature)) { try proof.verify(keys: keys) }
    }

    @Test func everyOtherSelectorIsRefused() throws {
        let proof = proof(0)
        var encoded = proof.encoded
        #expect(encoded.last == 0)
        for selector: UInt8 in [2, 0x80, 0xff] {
            encoded[encoded.count - 1] = selector
            var reader = ByteReader(encoded)
            #expect(throws: DecodingFailure.value(Int64(selector))) { try ForkProof(decoding: &reader) }
        }
    }

    @Test func aPathIsAWholeNumberOfHashesAndAtMostSixtyFour() {
        var writer = ByteWriter()
        writer.vector([1], maximum: SignedCheckpoint.maximumBytes)
        writer.vector([1], maximum: SignedCheckpoint.maximumBytes)
        writer.uint8(1)
        writer.uint64(0)
        writer.fixed(Digest().bytes)
        for length in [31, 33, 64 * 32 + 1, 65 * 32, 0xffff] {
            let bytes = writer.bytes + [UInt8(length >> 8), UInt8(length & 0xff)] + [UInt8](repeating: 0, count: length)
            var reader = ByteReader(bytes)
            #expect(throws: DecodingFailure.vectorLength(length)) { try ForkProof(decoding: &reader) }
        }
    }
}
