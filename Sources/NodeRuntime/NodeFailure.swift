// NodeRuntime: the node as services: effects, recording, convergence, control socket. May import everything above it; not
// WebInterface, Population, Simulation or the command line.

internal import Foundation

/// An error that reaches an operator: what was wrong, where, and what to do.
package struct NodeFailure: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Code: String, Sendable {
        /// The request itself cannot be done as it is: a wrong name, a wrong value.
        case invalid
        /// The answer is bad: not converged, damage, fork, refused.
        case refused
        /// The store does not take or give what it should.
        case storage
        /// No node runs, or no peer is reachable.
        case unavailable
        /// A bug: something that cannot be, is.
        case `internal`
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}

extension NodeFailure {
    /// A file that a node needs to write to, and could not open.
    init(opening path: String, _ code: Int32) {
        let advice =
            switch code {
            case ENOSPC, EDQUOT: "make room on its disk"
            case EROFS, EACCES, EPERM: "make it writable: check the mount, the owner and the mode of the file and of its folder"
            default: "check the disk and the folder"
            }
        self.init(.storage, "\(path) cannot be opened: \(String(cString: strerror(code))); \(advice)")
    }

    /// Any error as one that can be shown.
    package init(_ error: any Error) {
        switch error {
        case let failure as NodeFailure: self = failure
        default: self.init(.storage, "\(error)")
        }
    }
}
