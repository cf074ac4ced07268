import Cryptography
import Encoding
import Foundation
import TestSupport
import Testing
import TransparencyLog

struct ForkDecisionTests {
    private static let line = Array("pilot.example/a/1".utf8)
    private static let centre = Array("pilot.example/centre/1".utf8)
    private static let cityKey = SigningKey(seed: Array(0..<32))!
    private static let centreKey = SigningKey(seed: Array(32..<64))!
    private static let roots = [sha256([1]), sha256([2])]

    private static func verifier(_ name: [UInt8], _ key: SigningKey) -> VerifierKey {
        VerifierKey(name: name, key: VerifyingKey(key.publicKey)!)
    }

    private let keys = [verifier(line, cityKey), verifier(centre, centreKey)]
    private let authorities = [verifier(centre, centreKey)]

    private static func checkpoint(_ size: UInt64, _ root: Digest) -> [UInt8] {
        try! SignedCheckpoint(signing: Checkpoint(origin: line, size: size, root: root), with: cityKey).note
    }

    private let proof = ForkProof(firstNote: checkpoint(3, roots[0]), secondNote: checkpoint(3, roots[1]))

    private func decided(
        _ decision: ForkDecision, checkpoint: [UInt8]? = nil, signer: [UInt8] = centre, key: SigningKey = centreKey
    ) -> DecidedFork {
        DecidedFork(
            deciding: decision, proof: proof, checkpoint: checkpoint ?? Self.checkpoint(3, Self.roots[0]), signer: signer,
            with: key)
    }

    private var good: ForkDecision { ForkDecision(origin: Self.line, number: 1, size: 3, root: Self.roots[0]) }

    private func failure(_ decided: DecidedFork) -> ForkDecisionFailure? {
        do {
            _ = try decided.verify(keys: keys, authorities: authorities)
            return nil
        } catch { return error }
    }

    @Test func theDecisionOfTheArticleIsTheDecisionOfTheCode() throws {
        let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let path = package.appending(path: "Sources/TransparencyLog/TransparencyLog.docc/LogFormat.md")
        let article = try String(contentsOf: path, encoding: .utf8)
        let note = String(decoding: decided(good).note, as: UTF8.self)
        let shown = note.split(separator: "\n", omittingEmptySubsequences: false).map { $0.isEmpty ? "" : "    \($0)" }
        #expect(article.contains(shown.joined(separator: "\n")), "\(note)")
        #expect(article.contains(hex(Self.centreKey.publicKey)), "\(hex(Self.centreKey.publicKey))")
        #expect(article.contains("\(decided(good).encoded.count) bytes"), "\(decided(good).encoded.count)")
    }

    @Test func aGoodDecisionVerifiesAndNamesItsAuthority() throws {
        let verified = try decided(good).verify(keys: keys, authorities: authorities)
        #expect(verified.decision == good && verified.authority == Self.centre)
        #expect(verified.checkpoint?.size == 3 && verified.checkpoint?.root == Self.roots[0])
        #expect(try ForkDecision(text: good.text) == good)
    }

    @Test func theEmptyLogNeedsNoCheckpoint() throws {
        let nothing = ForkDecision(origin: Self.line, number: 1, size: 0, root: sha256([]))
        #expect(try decided(nothing, checkpoint: []).verify(keys: keys, authorities: authorities).checkpoint == nil)
        #expect(failure(decided(nothing)) == .notStated)
        let other = ForkDecision(origin: Self.line, number: 1, size: 0, root: Self.roots[0])
        #expect(failure(decided(other, checkpoint: [])) == .notStated)
    }

    @Test func whatIsNoAuthoritysOrNotSignedByTheOriginIsRefused() {
        #expect(failure(decided(good, signer: Self.line, key: Self.cityKey)) == .note(.noKnownSignature))
        #expect(failure(decided(good, key: Self.cityKey)) == .note(.noKnownSignature))
        #expect(failure(decided(good, checkpoint: Self.checkpoint(3, Self.roots[1]))) == .notStated)
        #expect(failure(decided(good, checkpoint: Self.checkpoint(2, Self.roots[0]))) == .notStated)
        let elsewhere = ForkDecision(origin: Self.centre, number: 1, size: 3, root: Self.roots[0])
        #expect(failure(decided(elsewhere)) == .differentOrigins)
        let single = DecidedFork(
            proof: ForkProof(firstNote: proof.firstNote, secondNote: proof.firstNote), note: decided(good).note,
            checkpoint: proof.firstNote)
        #expect(failure(single) == .proof(.sameHistory))
        // A forked authority's own key decides nothing about its log.
        #expect(
            throws: ForkDecisionFailure.self,
            performing: {
                try decided(good, signer: Self.line, key: Self.cityKey).verify(keys: keys, authorities: keys)
            })
    }

    @Test(arguments: [
        "", "concord/fork-decision/v2\npilot.example/a/1\n1\n3\nROOT\n",
        "concord/fork-decision/v1\npilot.example/a/1\n1\n3\nROOT",
        "concord/fork-decision/v1\npilot.example/a/1\n0\n3\nROOT\n",
        "concord/fork-decision/v1\npilot.example/a/1\n01\n3\nROOT\n",
        "concord/fork-decision/v1\npilot.example/a/1\n1\n03\nROOT\n",
        "concord/fork-decision/v1\npilot.example/a/1\n1\n-3\nROOT\n",
        "concord/fork-decision/v1\npilot.example/a/1\n1\n9223372036854775808\nROOT\n",
        "concord/fork-decision/v1\n\n1\n3\nROOT\n", "concord/fork-decision/v1\npilot.example/a/1\n1\n3\nROOT\nmore\n",
        "concord/fork-decision/v1\npilot.example/a/1\n1\n3\nAAAA\n", "concord/fork-decision/v1\na b\n1\n3\nROOT\n",
    ])
    func textsThatBreakALineAreRefused(text: String) {
        let text = text.replacingOccurrences(of: "ROOT", with: base64(Self.roots[0].bytes))
        #expect(throws: NoteFailure.self) { try ForkDecision(text: Array(text.utf8)) }
    }

    @Test func encodedDecisionsAreReadStrictly() throws {
        let bytes = decided(good).encoded
        var reader = ByteReader(bytes)
        #expect(try DecidedFork(decoding: &reader) == decided(good))
        try reader.finish()
        for count in bytes.indices {
            var reader = ByteReader(Array(bytes[..<count]))
            #expect(throws: DecodingFailure.self) { try DecidedFork(decoding: &reader) }
        }
        // Not one flipped bit passes.
        for place in stride(from: 0, to: bytes.count, by: 3) {
            var flipped = bytes
            flipped[place] ^= 1 << UInt8(place % 8)
            var reader = ByteReader(flipped)
            guard let read = try? DecidedFork(decoding: &reader), reader.remaining == 0 else { continue }
            #expect(throws: ForkDecisionFailure.self) { try read.verify(keys: keys, authorities: authorities) }
        }
    }

    @Test func ofTwoDecisionsExactlyOnePrevails() {
        let decisions = (1...3).flatMap { number in
            (0...1).flatMap { root in
                [UInt64](1...2).map {
                    ForkDecision(origin: Self.line, number: UInt64(number), size: $0, root: Self.roots[root])
                }
            }
        }
        for first in decisions {
            #expect(!first.prevails(over: first))
            for second in decisions where second != first {
                #expect(first.prevails(over: second) != second.prevails(over: first))
                if first.number > second.number { #expect(first.prevails(over: second)) }
                for third in decisions where first.prevails(over: second) && second.prevails(over: third) {
                    #expect(first.prevails(over: third))
                }
            }
        }
    }
}
