import Cryptography
import Encoding
import Federation
import Simulation
import SyncProtocol
import Testing
import TransparencyLog

struct MessageTests {
    @Test func everyMessageReadsAsItWasWritten() throws {
        for message in Samples.all {
            let bytes = message.bytes
            #expect(try Message(type: message.type, payload: bytes) == message)
            #expect(message.payloadByteCount == bytes.count)
        }
        #expect(Set(Samples.all.map(\.type)) == Set(1...17))
    }

    @Test func whatDecodesEncodesToTheSameBytes() throws {
        var random = SeededRandom(seed: 1)
        for message in Samples.all where message.type != 1 {
            for _ in 0..<60 {
                var bytes = message.bytes
                guard !bytes.isEmpty else { break }
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
                guard let decoded = try? Message(type: message.type, payload: bytes) else { continue }
                #expect(decoded.bytes == bytes)
            }
        }
    }

    @Test func truncatedMessagesAreRefused() {
        for message in Samples.all {
            let bytes = message.bytes
            for count in 0..<bytes.count where count < 600 || count % 97 == 0 || count > bytes.count - 40 {
                // A list of announcements may end behind any of them.
                if case .announce = message, count % (bytes.count / max(1, announcements(message))) == 0 { continue }
                #expect(throws: DecodingFailure.self, "\(message.type) cut to \(count)") {
                    try Message(type: message.type, payload: Array(bytes.prefix(count)))
                }
            }
        }
    }

    private func announcements(_ message: Message) -> Int {
        if case .announce(let announcements) = message { announcements.count } else { 0 }
    }

    @Test func bytesBehindAMessageAreRefusedExceptBehindHello() throws {
        for message in Samples.all {
            let longer = message.bytes + [0]
            if case .hello = message {
                #expect(try Message(type: 1, payload: longer + [1, 2, 3]) == message)
            } else {
                #expect(throws: DecodingFailure.self, "\(message.type)") { try Message(type: message.type, payload: longer) }
            }
        }
    }

    @Test func changedAndRandomBytesNeverCrash() {
        var random = SeededRandom(seed: 2)
        var decoded = 0
        for message in Samples.all {
            for _ in 0..<150 {
                var bytes = message.bytes
                for _ in 0..<Int.random(in: 1...4, using: &random) where !bytes.isEmpty {
                    let place = Int.random(in: 0..<min(bytes.count, 400), using: &random)
                    switch Int.random(in: 0..<4, using: &random) {
                    case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                    case 1: bytes.remove(at: place)
                    case 2: bytes.insert(UInt8.random(in: 0...255, using: &random), at: place)
                    default: bytes[place] = [0, 1, 0x7f, 0x80, 0xff].randomElement(using: &random)!
                    }
                }
                if (try? Message(type: message.type, payload: bytes)) != nil { decoded += 1 }
            }
        }
        for type in 0...20 as ClosedRange<UInt8> {
            for _ in 0..<300 {
                let bytes = random.bytes(Int.random(in: 0..<200, using: &random))
                if (try? Message(type: type, payload: bytes)) != nil { decoded += 1 }
            }
        }
        #expect(decoded > 0)
    }

    @Test func aTypeThatIsNotKnownIsNoFailure() throws {
        for type in [0, 18, 200, 255] as [UInt8] {
            #expect(try Message(type: type, payload: [1, 2, 3]) == .unknown(type: type))
        }
    }

    @Test func longReasonsAreCutBehindAWholeCharacter() throws {
        let long = String(repeating: "荣成", count: 1_000)
        let refusal = Refusal(.malformed, long)
        guard case .refusal(let read) = try Message(type: 2, payload: Message.refusal(refusal).bytes) else {
            Issue.record("it is no refusal")
            return
        }
        #expect(read.message.utf8.count == 1_023 && long.hasPrefix(read.message))
        let reply = Reply(identifier: 1, node: [97], content: .refusal(long))
        guard case .reply(let answer) = try Message(type: 14, payload: Message.reply(reply).bytes),
            case .refusal(let reason) = answer.content
        else {
            Issue.record("it is no reply")
            return
        }
        #expect(long.hasPrefix(reason) && reason.utf8.count == 1_023)
    }

    @Test func aRangeWithLargestEntriesFitsIntoAFrame() {
        var builder = PackedEntriesBuilder()
        for _ in 0..<256 {
            let body = [UInt8](repeating: 7, count: Limits.entryBytes)
            builder.append(entry: Entry(kind: .observation, recordedAt: 0, commitment: sha256(body)).encoded, body: body)
        }
        let range = RangeMessage(
            request: 1, origin: Samples.origin, first: 0, pieces: [builder.finish()],
            note: [UInt8](repeating: 65, count: SignedCheckpoint.maximumBytes),
            proof: Samples.digests(RangeMessage.maximumProof))
        #expect(Message.range(range).payloadByteCount < Limits.frameBytes)
        let tiles = TilesMessage(request: 1, tiles: Array(repeating: Samples.digests(256), count: Limits.tilesPerPull))
        #expect(Message.tiles(tiles).payloadByteCount < Limits.frameBytes)
        let indices = EntryPull(request: 1, origin: Samples.origin, indices: Array(repeating: 1, count: Limits.entriesPerPull))
        #expect(Message.pullEntries(indices).payloadByteCount < Limits.frameBytes)
    }
}

/// Payloads that claim more than they may: each is refused for what it claims, before anything of that size is made.
struct MessageLimitTests {
    private func failure(_ type: UInt8, _ write: (inout ByteWriter) -> Void) -> DecodingFailure? {
        var writer = ByteWriter()
        write(&writer)
        do throws(DecodingFailure) {
            _ = try Message(type: type, payload: writer.bytes)
            return nil
        } catch {
            return error
        }
    }

    private func head(_ writer: inout ByteWriter) {
        writer.uint32(1)
        writer.vector(Samples.origin, maximum: 255)
    }

    @Test func countsBeyondTheirLimitsAreRefusedForTheCount() {
        #expect(
            failure(8) {
                head(&$0)
                $0.uint16(UInt16(Limits.entriesPerPull + 1))
            } == .vectorLength(Limits.entriesPerPull + 1))
        #expect(
            failure(10) {
                head(&$0)
                $0.uint64(9)
                $0.uint16(257)
            } == .vectorLength(257))
        #expect(
            failure(11) {
                $0.uint32(1)
                $0.uint16(257)
            } == .vectorLength(257))
        #expect(
            failure(9) {
                $0.uint32(1)
                $0.uint8(0)
                $0.uint16(4_097)
            } == .vectorLength(4_097))
        #expect(
            failure(9) {
                $0.uint32(1)
                $0.uint8(2)
                $0.uint16(0)
            } == .value(2))
        #expect(
            failure(13) {
                $0.uint64(1)
                $0.vector([97], maximum: 255)
                $0.uint8(3)
                $0.vector([97], maximum: Limits.cutBytes)
                $0.uint16(65_535)
            }
                == .vectorLength(65_535))
        #expect(
            failure(13) {
                $0.uint64(1)
                $0.vector([97], maximum: 255)
                $0.uint8(9)
            } == .value(9))
        #expect(
            failure(14) {
                $0.uint64(1)
                $0.vector([97], maximum: 255)
                $0.uint8(1)
                $0.fixed([UInt8](repeating: 0, count: 64))
                $0.uint16(65_535)
            }
                == .vectorLength(65_535))
    }

    @Test func vectorsBeyondTheirLimitsAreRefusedForTheirLength() {
        #expect(failure(3) { $0.uint16(4_097) } == .vectorLength(4_097))
        #expect(
            failure(3) {
                $0.uint16(0)
                $0.uint64(0)
            } == .vectorLength(0))
        #expect(
            failure(2) {
                $0.uint8(1)
                $0.uint16(1_025)
            } == .vectorLength(1_025))
        #expect(
            failure(4) {
                $0.uint32(1)
                $0.vector([], maximum: 255)
            } == .vectorLength(0))
        #expect(
            failure(13) {
                $0.uint64(1)
                $0.vector([97], maximum: 255)
                $0.uint8(2)
                $0.fixed([0xff, 0xff, 0xff])
            }
                == .vectorLength(0xff_ffff))
        #expect(
            failure(5) {
                head(&$0)
                $0.uint64(0)
                $0.vector(Samples.note, maximum: SignedCheckpoint.maximumBytes)
                $0.uint16(0)
                $0.uint16(1)
                $0.uint32(.max)
            } == .vectorLength(Int(UInt32.max)))
        #expect(
            failure(5) {
                head(&$0)
                $0.uint64(0)
                $0.vector(Samples.note, maximum: 4_096)
                $0.uint16(129 * 32)
            }
                == .vectorLength(129 * 32))
        #expect(
            failure(5) {
                head(&$0)
                $0.uint64(0)
                $0.vector(Samples.note, maximum: 4_096)
                $0.uint16(33)
            } == .truncated)
    }

    @Test func rangesThatCannotBeAreRefused() {
        #expect(
            failure(4) {
                head(&$0)
                $0.uint64(5)
                $0.uint64(5)
                $0.uint64(9)
            } == .value(5))
        #expect(
            failure(4) {
                head(&$0)
                $0.uint64(5)
                $0.uint64(10)
                $0.uint64(9)
            } == .value(10))
        #expect(
            failure(4) {
                head(&$0)
                $0.uint64(5)
                $0.uint64(9)
                $0.uint64(9)
            } == nil)
        func range(_ first: UInt64, _ counts: [Int]) -> DecodingFailure? {
            let message = Message.range(
                RangeMessage(
                    request: 1, origin: Samples.origin, first: first, pieces: counts.map { Samples.packed($0) },
                    note: Samples.note, proof: []))
            do throws(DecodingFailure) {
                _ = try Message(type: 5, payload: message.bytes)
                return nil
            } catch { return error }
        }
        #expect(range(0, [256, 256, 1]) == nil && range(250, [6, 256]) == nil && range(250, [2, 4, 1]) == nil)
        // A piece lies within one bundle and is not empty, and indices stay far from the end of their range.
        #expect(range(250, [7]) == .value(250) && range(0, [255, 2]) == .value(255) && range(0, [0]) == .value(0))
        #expect(range(1 << 62, [1]) == .value(1 << 62) && range(.max, [1]) == .value(.max))
    }

    @Test func namesThatAreNotUTF8AreRefused() {
        #expect(
            failure(4) {
                $0.uint32(1)
                $0.vector([0xff], maximum: 255)
                $0.fixed([UInt8](repeating: 0, count: 24))
            } == .notUTF8)
        #expect(
            failure(13) {
                $0.uint64(1)
                $0.vector([0xc3], maximum: 255)
                $0.uint8(1)
            } == .notUTF8)
        #expect(
            failure(2) {
                $0.uint8(1)
                $0.vector([0xc3], maximum: 1_024)
            } == .notUTF8)
    }

    @Test func announcementsBeyondTheNumberOfOriginsAreRefused() {
        let one: (inout ByteWriter) -> Void = {
            $0.vector([65], maximum: 4_096)
            $0.uint64(0)
        }
        #expect(failure(3) { for _ in 0..<Limits.origins { one(&$0) } } == nil)
        #expect(failure(3) { for _ in 0...Limits.origins { one(&$0) } } == .vectorLength(Limits.origins + 1))
    }

    @Test func aHelloWithoutASpanOfVersionsIsRefused() {
        var hello = Samples.hello
        hello.minimumVersion = 3
        hello.maximumVersion = 2
        #expect(throws: DecodingFailure.value(3)) { try Message(type: 1, payload: Message.hello(hello).bytes) }
    }
}
