internal import Foundation
internal import Synchronization

/// Ctrl-C and SIGTERM as something that long work looks at between two steps, instead of being ended within one.
enum Interruption {
    private static let hasCome = Atomic<Bool>(false)

    static var isWanted: Bool { hasCome.load(ordering: .relaxed) }

    /// From now on the signals only raise the flag; a second one ends the process as ever.
    static func watch() {
        // Touched here, so that the handler does not have to make it.
        hasCome.store(false, ordering: .relaxed)
        for number in [SIGINT, SIGTERM] {
            signal(number) { number in
                Interruption.hasCome.store(true, ordering: .relaxed)
                signal(number, SIG_DFL)
            }
        }
    }
}
