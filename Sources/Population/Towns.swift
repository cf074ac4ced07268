internal import Federation

/// The cities as places: how many live in each, and what their references begin with.
struct Towns {
    let count: Int
    /// Shares of the cities, summed up; the last is the whole.
    private let shares: [UInt64]
    /// First letters of a reference, by index in `Scenario.cities`.
    private let prefixes: [[UInt8]]

    init(_ scenario: Scenario) {
        var sum: UInt64 = 0
        var shares: [UInt64] = []
        for city in scenario.cities {
            sum += 2 + key(seed: scenario.population.seed, for: "city \(scenario.nodes[city])") % 7
            shares.append(sum)
        }
        self.shares = shares
        count = scenario.cities.count
        prefixes = scenario.cities.map { Array(scenario.nodes[$0].utf8.prefix(2)) + [UInt8(ascii: "-")] }
    }

    func home(residentKey: UInt64) -> UInt16 {
        let place = scrambled(residentKey ^ 0x686f_6d65).multipliedFullWidth(by: shares[count - 1]).high
        return UInt16(clamping: shares.firstIndex { place < $0 } ?? 0)
    }

    /// Another city than this one; there must be two.
    func other(than city: UInt16, _ draws: inout Draws) -> UInt16 {
        let step = draws.within(1...(count - 1))
        return UInt16((Int(city) + step) % count)
    }

    /// A case number as the city that sees an occurrence first gives it: its letters and eight digits.
    func reference(city: UInt16, number: UInt32) -> [UInt8] {
        var text = prefixes[Int(city)]
        text.reserveCapacity(text.count + 8)
        for shift in stride(from: UInt32(28), through: 0, by: -4) {
            text.append(hexadecimal[Int(number >> shift & 15)])
        }
        return text
    }
}

private let hexadecimal = Array("0123456789abcdef".utf8)
