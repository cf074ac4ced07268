/// A seed in which something did not hold once, and the groups of faults that it was found with. Whatever a change to the
/// simulation makes of it, it is run first from then on.
package struct KeptSeed: Sendable {
    package let seed: UInt64
    /// All where none is named.
    package let groups: [FaultGroup]

    private init(_ seed: UInt64, _ groups: [FaultGroup] = []) {
        self.seed = seed
        self.groups = groups
    }

    private static let quieter: [FaultGroup] = [.network, .machines, .disks, .operators]
    private static let ofAllFaults: [UInt64] = [
        21, 23, 27, 35, 36, 38, 48, 64, 69, 77, 78, 111, 116, 123, 132, 133, 178, 368, 377, 1_024, 1_043, 1_063, 1_075,
        1_106, 1_112, 2_029, 2_107, 2_116, 2_121, 2_180, 2_219, 2_242, 3_060, 3_356, 10_032, 10_122, 11_060, 12_458,
        12_619, 14_074, 14_969, 15_491, 16_588, 17_558, 18_652, 19_394, 20_158, 20_536, 20_795, 22_656, 22_887, 24_349,
        24_463, 24_712, 30_086, 40_312, 50_203, 50_204, 50_410, 51_499, 60_191,
    ]
    private static let ofQuieter: [UInt64] = [43, 143, 157, 341, 344, 359, 687]

    package static let all: [KeptSeed] = ofAllFaults.map { KeptSeed($0) } + ofQuieter.map { KeptSeed($0, quieter) }
}
