extension Body.Content {
    /// The entry that is retracted, appealed against or ruled on; nil where nothing is named.
    package var target: Position? {
        switch self {
        case .retraction(let target, _), .appeal(let target, _), .ruling(let target, _, _): target
        case .observation, .enrolment, .withdrawal: nil
        }
    }

    /// The same, naming another entry.
    package func naming(_ target: Position) -> Body.Content {
        switch self {
        case .retraction(_, let reason): .retraction(target: target, reason: reason)
        case .appeal(_, let reason): .appeal(target: target, reason: reason)
        case .ruling(_, let verdict, let reason): .ruling(target: target, verdict: verdict, reason: reason)
        case .observation, .enrolment, .withdrawal: self
        }
    }
}
