internal import Federation

/// What somebody lives on. It decides who can be observed in a good job, and who travels for work.
enum Livelihood: UInt8 {
    case goodEmployer
    case otherEmployer
    case ownBusiness
    /// At school, retired, at home or out of work.
    case none

    /// In 16 residents, 6 have a good employer, 5 another, 2 a business of their own and 3 none.
    init(residentKey: UInt64) {
        switch scrambled(residentKey ^ 0x6c69_7665_6c69_686f) >> 60 {
        case 0..<6: self = .goodEmployer
        case 6..<11: self = .otherEmployer
        case 11..<13: self = .ownBusiness
        default: self = .none
        }
    }
}

/// A synthetic resident: who it is, where it lives, how often something about it is recorded, and where it is today. All
/// but the last follows from the key; habits, which are many, are not stored but computed from the key when needed.
struct Resident {
    let subject: SubjectID
    let key: UInt64
    /// Of 2^32 days, those on which something is observed.
    let observedDays: UInt32
    /// Of 2^16 days at home, those on which a trip begins.
    let tripDays: UInt16
    /// Index in `Scenario.cities`.
    let home: UInt16
    /// Where the trip goes that ends before `homeAgain`.
    var visited: UInt16
    /// First day at home after the last trip.
    var homeAgain: UInt32

    init(index: Int, towns: Towns, conduct: ConductTable, scenario: Scenario, seedKey: UInt64) {
        key = Self.key(index, seedKey: seedKey)
        subject = scenario.population.subject(UInt64(index))
        observedDays = conduct.observedDays(residentKey: key)
        home = towns.home(residentKey: key)
        tripDays = towns.count > 1 ? Self.tripDays(residentKey: key) : 0
        visited = home
        homeAgain = scenario.startDay
    }

    static func key(_ index: Int, seedKey: UInt64) -> UInt64 { scrambled(seedKey &+ UInt64(index) &* goldenStep) }

    /// A trip or less in most years, up to a dozen for a few; twice as many on business of one's own.
    private static func tripDays(residentKey: UInt64) -> UInt16 {
        let often = leaning(UInt16(truncatingIfNeeded: scrambled(residentKey ^ 0x7472_6970)))
        let isOwnBusiness = Livelihood(residentKey: residentKey) == .ownBusiness
        return UInt16(often * (isOwnBusiness ? 20 : 10))
    }

    /// Index in `Scenario.cities` of where the resident is.
    func whereabouts(on day: UInt32) -> UInt16 { day < homeAgain ? visited : home }
}

/// How strongly somebody leans towards something, in 64ths of the average, from a place among all people between 0 and
/// 65,535: most lean little, a few lean three and a half times the average. Rounded down.
@inline(__always)
func leaning(_ place: UInt16) -> UInt64 {
    let place = UInt64(place)
    return 8 + (224 * (place * place * place)) >> 48
}
