internal import NodeRuntime
internal import Synchronization

/// Answers that take too long to be waited for: asked for, the last one is given, and a new one is made behind it when that
/// has become old.
final class Background<Value: Sendable>: Sendable {
    private struct Held {
        var value: Value?
        var madeSteady: UInt64 = 0
        var costMilliseconds: UInt64 = 0
        var isMaking = false
    }

    private let maximumAgeMilliseconds: UInt64
    private let held = Mutex<[String: Held]>([:])

    /// Keys that are remembered at once.
    private static var maximumKeys: Int { 16 }

    init(maximumAgeMilliseconds: UInt64) { self.maximumAgeMilliseconds = maximumAgeMilliseconds }

    func value(_ key: String, make: @escaping @Sendable () async throws -> Value) -> Value? {
        let now = steadyMilliseconds()
        let (value, isDue) = held.withLock { held -> (Value?, Bool) in
            if held[key] == nil, held.count >= Self.maximumKeys { held = held.filter(\.value.isMaking) }
            var one = held[key] ?? Held()
            // What takes long is made as rarely as keeps it to a twentieth of the time.
            let age = max(maximumAgeMilliseconds, 20 * one.costMilliseconds)
            let isDue = !one.isMaking && (one.value == nil || now >= one.madeSteady + age)
            if isDue { one.isMaking = true }
            held[key] = one
            return (one.value, isDue)
        }
        guard isDue else { return value }
        Task { [self] in
            let made = try? await make()
            let ended = steadyMilliseconds()
            held.withLock { held in
                held[key] = Held(
                    value: made ?? value, madeSteady: ended, costMilliseconds: ended - now, isMaking: false)
            }
        }
        return value
    }
}
