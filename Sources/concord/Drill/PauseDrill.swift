internal import Foundation
internal import NodeRuntime

/// Nodes that stand still for a while, as on an overloaded or suspended machine, and go on.
struct PauseDrill {
    let pauses: Int
    /// Pauses among them that last longer than the links' watchdog.
    let longPauses: Int
    let drill: Drill

    private static let shortMilliseconds: ClosedRange<UInt32> = 50...4_000
    /// The watchdog ends a session after 30 seconds of silence.
    private static let longMilliseconds: ClosedRange<UInt32> = 31_500...36_000

    func run() throws -> DrillReport {
        let federation = try drill.federation(cities: 2)
        return try Fleet.run(federation, drill.signals) { fleet in
            try fleet.startAll()
            let load = DrillLoad(fleet, seed: drill.seed)
            load.start(seed: drill.seed)
            defer { load.abandon() }
            var numbers = SeededNumbers(seed: "pause \(drill.seed)")
            var stoodStill: UInt64 = 0
            for number in 0..<pauses {
                let isLong = number < longPauses
                let milliseconds = UInt32.random(in: isLong ? Self.longMilliseconds : Self.shortMilliseconds, using: &numbers)
                let node = isLong ? number % federation.names.count : Int.random(in: federation.names.indices, using: &numbers)
                drill.note("\(federation.names[node]) stands still for \(duration(milliseconds: Int64(milliseconds)))")
                try pause(fleet, load, node, milliseconds)
                stoodStill += UInt64(milliseconds)
                try sleep(UInt32.random(in: 100...800, using: &numbers))
            }
            drill.note("waiting until all nodes agree")
            let check = DrillCheck(fleet: fleet, load: load)
            try load.finish()
            var report = DrillReport("pause", "SIGSTOP and SIGCONT of 2 cities and the aggregator, under load")
            report.add("pauses", "pauses", UInt64(pauses))
            report.add("long_pauses", "of these longer than the watchdog's 30 s", UInt64(min(pauses, longPauses)))
            report.add("paused_ms", "time that nodes stood still", stoodStill, unit: "ms")
            try check.all(&report)
            return report
        }
    }

    private func pause(_ fleet: Fleet, _ load: DrillLoad, _ node: Int, _ milliseconds: UInt32) throws {
        try fleet.checkAlive(node)
        fleet.signal(node, SIGSTOP)
        defer { fleet.signal(node, SIGCONT) }
        try load.check()
        try sleep(milliseconds)
    }

    private func sleep(_ milliseconds: UInt32) throws {
        let end = steadyMilliseconds() + UInt64(milliseconds)
        while steadyMilliseconds() < end {
            try drill.signals.check()
            usleepMilliseconds(5)
        }
    }
}
