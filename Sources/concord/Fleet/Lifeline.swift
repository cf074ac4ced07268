internal import Foundation

/// Stops this process in order when its standard input ends: so a node that another process started does not outlive it,
/// however that one died.
enum Lifeline {
    static func watch() {
        Thread.detachNewThread {
            var byte: UInt8 = 0
            while true {
                let count = read(STDIN_FILENO, &byte, 1)
                if count > 0 || (count < 0 && errno == EINTR) { continue }
                break
            }
            kill(getpid(), SIGTERM)
        }
    }
}
