import Federation
import Replication
import SyncProtocol
import Testing

struct QuestionTests {
    private func question(_ identifier: UInt64, _ content: Question.Content = .frontier) -> Question {
        Question(identifier: identifier, asker: Array("city-1".utf8), content: content)
    }

    @Test(arguments: ConvergenceTests.Shape.allCases)
    func aQuestionReachesEveryNodeOnceAndTheRepliesComeBack(_ shape: ConvergenceTests.Shape) {
        let world = World(shape.federation, seed: 1)
        world.run(500)
        world.ask(1, question(42))
        world.run(2_000)
        let others = world.nodes.count - 1
        #expect(world.nodes.filter { $0.index != 1 }.allSatisfy { $0.asked.map(\.identifier) == [42] })
        #expect(world.nodes[1].asked.isEmpty)
        #expect(world.nodes[1].replies.count == others)
        #expect(Set(world.nodes[1].replies.map(\.node)).count == others)
    }

    @Test func aQuestionWithoutAReplyReachesEveryNodeToo() {
        let world = World(.ring(6), seed: 2)
        world.run(500)
        world.ask(1, question(43, .result(cut: Array("cut".utf8), attestations: [[1, 2, 3]])))
        world.run(2_000)
        #expect(world.nodes.filter { $0.index != 1 }.allSatisfy { $0.asked.count == 1 })
        #expect(world.nodes[1].replies.isEmpty)
    }

    @Test func aLinkThatEndsMeanwhileLosesTheRepliesAndNothingElse() {
        let world = World(.line(5), seed: 3)
        world.run(500)
        world.ask(0, question(44))
        world.run(45)
        world.cut(2, 1)
        world.run(2_000)
        #expect(world.nodes[0].replies.count <= 1)
        world.heal(2, 1)
        world.run(1_000)
        world.ask(0, question(45))
        world.run(2_000)
        #expect(world.nodes[0].replies.filter { $0.identifier == 45 }.count == 4)
    }

    @Test func aFloodOfQuestionsIsNotPassedOn() {
        let bench = Bench()
        let session = bench.open(1)
        let other = bench.open(2)
        _ = bench.take()
        for number in 0..<2_000 { bench.hear(.question(question(UInt64(number))), session) }
        let answers = bench.actions.filter { if case .answer = $0 { true } else { false } }.count
        #expect(answers > 0 && answers <= 64)
        #expect(bench.reports == [.flooding(peer: "city-1")])
        #expect(bench.sent(other).count <= 256)
        // Others are not kept from asking.
        for answered in 0..<64 {
            bench.change { $0.replied(Reply(identifier: UInt64(answered), node: Array("centre".utf8), content: .refusal(""))) }
        }
        _ = bench.take()
        bench.hear(.question(question(9_999)), other)
        #expect(bench.take().contains { if case .answer = $0 { true } else { false } })
    }

    @Test func questionsThatAreNeverAnsweredDoNotBlockLaterOnes() {
        let bench = Bench()
        let session = bench.open(1)
        for number in 0..<100 { bench.hear(.question(question(UInt64(number))), session) }
        _ = bench.take()
        for _ in 0..<7 {
            bench.wait(20_000)
            bench.hear(.ping, session)
        }
        _ = bench.take()
        bench.hear(.question(question(777)), session)
        #expect(bench.take().contains { if case .answer = $0 { true } else { false } })
    }

    @Test func repliesAreCountedAndStrangersHaveNone() {
        let bench = Bench(.star(4))
        let asker = bench.open(1)
        let hostile = bench.open(2)
        let honest = bench.open(3)
        bench.hear(.question(question(5)), asker)
        _ = bench.take()
        for _ in 0..<1_000 {
            bench.hear(.reply(Reply(identifier: 5, node: Array("city-2".utf8), content: .refusal("no"))), hostile)
        }
        for name in ["nobody", "city-4"] {
            bench.hear(.reply(Reply(identifier: 5, node: Array(name.utf8), content: .refusal("no"))), honest)
        }
        #expect(bench.sent(asker).count == 4)
        bench.hear(.reply(Reply(identifier: 5, node: Array("city-3".utf8), content: .refusal("no"))), honest)
        #expect(bench.sent(asker).count == 1)
        bench.hear(.reply(Reply(identifier: 6, node: Array("city-3".utf8), content: .refusal("no"))), honest)
        #expect(bench.take().isEmpty)
    }

    @Test func theOldestQuestionsAreForgottenAndNotTheirNumbersReused() {
        let bench = Bench()
        let session = bench.open(1)
        let other = bench.open(2)
        for number in 0..<5_000 {
            bench.now += 100
            bench.hear(.question(question(UInt64(number))), session)
            bench.hear(.question(question(UInt64(number))), other)
        }
        let answers = bench.take().filter { if case .send(_, .question) = $0 { true } else { false } }
        #expect(answers.count == 5_000)
    }
}
