package import Federation
internal import Scoring
internal import Storage

// The sizes that this node can answer for.
extension Node {
    /// For every log the size up to which this node can answer: everything held, everything folded, and every erasure inside
    /// that excuses a body which is missing inside.
    package func visibleSizes() throws -> [OriginName: UInt64] {
        var sizes: [OriginName: UInt64] = [:]
        for state in log.states where topology.index(ofOrigin: state.origin.line) != nil {
            let number = try history.originNumber(state.origin.line)
            sizes[state.origin] = min(try complete(state).complete, history.visibleUpTo(number))
        }
        return try answerable(sizes)
    }

    /// The largest sizes within others that this node can answer for: none of them holds an entry whose body is gone without
    /// the erasure that took it. A log that ends before an erasure, since its city withholds what precedes it or since an
    /// authority let it end there, so takes nothing from other logs but what it erased in them.
    func answerable(_ wanted: [OriginName: UInt64]) throws -> [OriginName: UInt64] {
        var sizes = wanted
        // Ending one log earlier may leave out an erasure that another needs.
        while let (origin, size) = try firstUnanswerable(sizes) { sizes[origin] = size }
        return sizes
    }

    /// An entry whose body is gone and whose erasure lies outside of some sizes; nil where there is none.
    func firstUnanswerable(_ sizes: [OriginName: UInt64]) throws -> (origin: OriginName, index: UInt64)? {
        func holds(_ number: UInt32, _ end: UInt64) -> Bool {
            end <= history.originLine(number).flatMap { OriginName($0) }.flatMap { sizes[$0] } ?? 0
        }
        let erasures = history.erasures
        for state in log.states {
            guard let size = sizes[state.origin], size > 0, let known = try excuses.known(state, node: self) else { continue }
            if known.unexcused.first ?? .max >= size, known.needs.allSatisfy({ holds($0.key, $0.value) }) { continue }
            let number = try history.originNumber(state.origin.line)
            let index = state.missing.indices.prefix { $0 < size }.first { index in
                !excusing(number, index, of: state.origin, erasures).contains { holds($0.origin, $0.index + 1) }
            }
            if let index { return (state.origin, index) }
        }
        return nil
    }

    /// Sizes that others can answer for too, who have dropped what the erasures before `least` name: where a log ends before
    /// such an erasure, the log of what it names ends before that. Usually every log reaches as far.
    func sparing(_ least: [OriginName: UInt64], in wanted: [OriginName: UInt64]) -> [OriginName: UInt64] {
        var sizes = wanted
        let names = history.originLines.map { OriginName($0) }
        func name(_ number: UInt32) -> OriginName? { Int(number) < names.count ? names[Int(number)] : nil }
        var isChanged = true
        while isChanged {
            isChanged = false
            let short = least.filter { $0.value > sizes[$0.key] ?? 0 }
            if short.isEmpty { break }
            for erasure in history.erasures {
                guard let eraser = name(erasure.origin), let end = short[eraser], erasure.index < end,
                    let target = name(erasure.targetOrigin), mayCorrect(eraser, target),
                    erasure.index >= sizes[eraser] ?? 0, erasure.targetIndex < sizes[target] ?? 0
                else { continue }
                sizes[target] = erasure.targetIndex
                isChanged = true
            }
        }
        return sizes
    }
}
