package import CoreMetrics
internal import Synchronization

/// The metrics of one process, behind swift-metrics, to be read in the Prometheus text format.
///
/// Timers become histograms in seconds; recorders that aggregate become histograms, the others gauges; meters are gauges.
package final class MetricsRegistry: MetricsFactory {
    private let series = Mutex<[MetricName: any MetricSeries]>([:])

    package init() {}

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        one(MetricName(label, dimensions)) { CounterSeries() }
    }

    package func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        let name = MetricName(label, dimensions)
        if aggregate { return one(name) { HistogramSeries(HistogramSeries.counts) } }
        return one(name) { GaugeSeries() }
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        one(MetricName(label, dimensions)) { GaugeSeries() }
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        one(MetricName(label, dimensions)) { HistogramSeries(HistogramSeries.seconds) }
    }

    package func destroyCounter(_ handler: any CounterHandler) { forget(handler as AnyObject) }
    package func destroyRecorder(_ handler: any RecorderHandler) { forget(handler as AnyObject) }
    package func destroyMeter(_ handler: any MeterHandler) { forget(handler as AnyObject) }
    package func destroyTimer(_ handler: any TimerHandler) { forget(handler as AnyObject) }

    private func forget(_ object: AnyObject) {
        series.withLock { series in series = series.filter { $0.value !== object } }
    }

    /// The series of a name; where one of another kind has it, one that nobody reads.
    private func one<Series: MetricSeries>(_ name: MetricName, make: () -> Series) -> Series {
        series.withLock { series in
            if let found = series[name] { return found as? Series ?? make() }
            let made = make()
            series[name] = made
            return made
        }
    }

    /// All series by name and labels.
    func all() -> [(name: MetricName, series: any MetricSeries)] {
        series.withLock { series in series.map { ($0.key, $0.value) } }.sorted { $0.name < $1.name }
    }
}

/// A metric's name with its labels, in the order of their names.
struct MetricName: Hashable, Comparable, Sendable {
    let metric: String
    let labels: [String]
    let values: [String]

    init(_ metric: String, _ dimensions: [(String, String)]) {
        self.metric = metric
        let sorted = dimensions.sorted { $0.0 < $1.0 }
        labels = sorted.map(\.0)
        values = sorted.map(\.1)
    }

    static func < (left: MetricName, right: MetricName) -> Bool {
        let leftKey = [left.metric] + left.labels + left.values
        let rightKey = [right.metric] + right.labels + right.values
        return leftKey.lexicographicallyPrecedes(rightKey)
    }
}

/// What is counted or measured under one name.
protocol MetricSeries: AnyObject, Sendable {
    var type: PrometheusText.MetricType { get }
    /// Samples: what follows the name, further labels, the value.
    var samples: [(suffix: String, labels: [(String, String)], value: PrometheusText.Value)] { get }
}

final class CounterSeries: MetricSeries, CounterHandler {
    private let value = Atomic<Int64>(0)

    func increment(by amount: Int64) { if amount > 0 { value.add(amount, ordering: .relaxed) } }
    func reset() { value.store(0, ordering: .relaxed) }

    var type: PrometheusText.MetricType { .counter }
    var samples: [(suffix: String, labels: [(String, String)], value: PrometheusText.Value)] {
        [("", [], .integer(value.load(ordering: .relaxed)))]
    }
}

final class GaugeSeries: MetricSeries, RecorderHandler, MeterHandler {
    private let value = Mutex<Double>(0)

    func record(_ value: Int64) { self.value.withLock { $0 = Double(value) } }
    func record(_ value: Double) { self.value.withLock { $0 = value } }
    func set(_ value: Int64) { record(value) }
    func set(_ value: Double) { record(value) }
    func increment(by amount: Double) { value.withLock { $0 += amount } }
    func decrement(by amount: Double) { value.withLock { $0 -= amount } }

    var type: PrometheusText.MetricType { .gauge }
    var samples: [(suffix: String, labels: [(String, String)], value: PrometheusText.Value)] {
        [("", [], .number(value.withLock { $0 }))]
    }
}

final class HistogramSeries: MetricSeries, RecorderHandler, TimerHandler {
    /// Upper bounds in seconds: from what a fast disk needs to what a person notices.
    static let seconds: [Double] = [
        0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ]
    static let counts: [Double] = [1, 4, 16, 64, 256, 1_024, 4_096, 16_384, 65_536, 262_144]

    private struct State {
        var counts: [Int64]
        var sum = 0.0
    }

    private let bounds: [Double]
    private let state: Mutex<State>

    init(_ bounds: [Double]) {
        self.bounds = bounds
        state = Mutex(State(counts: Array(repeating: 0, count: bounds.count + 1)))
    }

    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        let place = bounds.firstIndex { value <= $0 } ?? bounds.count
        state.withLock { state in
            state.counts[place] += 1
            state.sum += value
        }
    }

    var type: PrometheusText.MetricType { .histogram }

    /// Buckets count all that is not above their bound.
    var samples: [(suffix: String, labels: [(String, String)], value: PrometheusText.Value)] {
        let state = state.withLock { $0 }
        var total: Int64 = 0
        var samples: [(String, [(String, String)], PrometheusText.Value)] = []
        for (place, count) in state.counts.enumerated() {
            total += count
            let bound = place < bounds.count ? PrometheusText.text(bounds[place]) : "+Inf"
            samples.append(("_bucket", [("le", bound)], .integer(total)))
        }
        return samples + [("_sum", [], .number(state.sum)), ("_count", [], .integer(total))]
    }
}
