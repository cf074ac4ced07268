internal import Foundation
internal import NodeRuntime

/// What every drill is given: where it works, what its choices follow from, and whom it tells how far it is.
struct Drill {
    let workspace: Workspace
    let signals: StopSignals
    let seed: String
    let note: (String) -> Void

    func federation(cities: Int) throws -> LocalFederation {
        note("making the nodes")
        return try DrillFederation.make(at: workspace.path, cities: cities)
    }
}

/// A drill that this system does not permit.
struct NotPermitted: Error, CustomStringConvertible {
    /// As `EX_UNAVAILABLE` of sysexits.
    static let exitStatus: Int32 = 69
    let description: String
}
