internal import Encoding
internal import Foundation
internal import NodeRuntime
internal import Synchronization

/// Long work that was started over HTTP: what it is, how far it has come, and what came of it.
struct Job: Sendable {
    enum State: String, Sendable { case running, done, failed, cancelled }

    let number: Int
    let kind: String
    let reader: String
    let startedMilliseconds: UInt64
    var state = State.running
    var endedMilliseconds: UInt64?
    var progress: (text: String, done: Int64?, total: Int64?)?
    var result = JSONValue.null
    var error: String?

    var json: JSONValue {
        let progress: JSONValue =
            progress.map {
                [
                    "text": .string($0.text), "done": $0.done.map { .integer($0) } ?? .null,
                    "total": $0.total.map { .integer($0) } ?? .null,
                ]
            } ?? .null
        return [
            "job": .integer(Int64(number)), "kind": .string(kind), "started_by": .string(reader),
            "started_ms": .integer(Int64(clamping: startedMilliseconds)),
            "ended_ms": endedMilliseconds.map { .integer(Int64(clamping: $0)) } ?? .null, "state": .string(state.rawValue),
            "progress": progress, "result": result, "error": error.map { .string($0) } ?? .null,
        ]
    }
}

/// Runs jobs, each on a thread of its own and one of a kind at a time, and remembers the last ones.
final class Jobs: Sendable {
    private struct Cancelled: Error {}

    private struct Book {
        var jobs: [Job] = []
        var next = 1
        var cancelled: Set<Int> = []
        var isStopped = false
    }

    private let commands: NodeCommands
    private let book = Mutex(Book())

    init(_ commands: NodeCommands) { self.commands = commands }

    var all: [Job] { book.withLock { $0.jobs.reversed() } }

    func job(_ number: Int) -> Job? { book.withLock { $0.jobs.first { $0.number == number } } }

    func cancel(_ number: Int) { book.withLock { _ = $0.cancelled.insert(number) } }

    /// Ends all jobs at their next step, and waits for that a while.
    func stop() async {
        book.withLock { book in
            book.isStopped = true
            book.cancelled.formUnion(book.jobs.map(\.number))
        }
        for _ in 0..<100 where book.withLock({ $0.jobs.contains { $0.state == .running } }) {
            try? await Task.sleep(for: .milliseconds(50))
        }
    }

    /// Nil where a job of the kind is under way.
    func start(_ kind: String, _ members: [(String, JSONValue)], by reader: Reader) -> Job? {
        let started = book.withLock { book -> Job? in
            guard !book.isStopped, !book.jobs.contains(where: { $0.kind == kind && $0.state == .running }) else { return nil }
            let job = Job(number: book.next, kind: kind, reader: reader.name, startedMilliseconds: wallMilliseconds())
            book.next += 1
            book.jobs.append(job)
            if book.jobs.count > WebLimits.jobs, let oldest = book.jobs.firstIndex(where: { $0.state != .running }) {
                book.cancelled.remove(book.jobs.remove(at: oldest).number)
            }
            return job
        }
        guard let job = started else { return nil }
        let request = JSONValue.object([JSONMember("command", .string(kind))] + members.map { JSONMember($0.0, $0.1) })
        Thread.detachNewThread { [self] in run(job.number, request, reader) }
        return job
    }

    private func run(_ number: Int, _ request: JSONValue, _ reader: Reader) {
        let outcome = Result { try commands.handle(request, reader: reader) { try self.note($0, number) } }
        change(number) { job in
            job.endedMilliseconds = wallMilliseconds()
            switch outcome {
            case .success(let result):
                job.state = .done
                job.result = result
            case .failure(let error):
                job.state = error is Cancelled ? .cancelled : .failed
                job.error = error is Cancelled ? nil : NodeFailure(error).message
            }
        }
    }

    private func note(_ event: JSONValue, _ number: Int) throws {
        if book.withLock({ $0.cancelled.contains(number) }) { throw Cancelled() }
        guard case .string(let text)? = event["progress"]?.content else { return }
        change(number) { $0.progress = (text, Self.integer(event["done"]), Self.integer(event["total"])) }
    }

    private func change(_ number: Int, _ body: (inout Job) -> Void) {
        book.withLock { book in
            guard let place = book.jobs.firstIndex(where: { $0.number == number }) else { return }
            body(&book.jobs[place])
        }
    }

    private static func integer(_ value: JSONValue?) -> Int64? {
        if case .integer(let number)? = value?.content { number } else { nil }
    }
}
