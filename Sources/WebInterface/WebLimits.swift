internal import NIOCore

/// All limits of what the HTTP side takes from outside. Whatever a request brings is hostile until it is checked, and
/// nothing is allocated before its size is.
enum WebLimits {
    /// Bytes of a request's body.
    static let bodyBytes = 1 << 20
    /// Bytes of all header fields, and how many there may be.
    static let headerBytes = 16 << 10
    static let headerFields = 64
    /// Bytes of a request's target.
    static let targetBytes = 2_048
    /// Events in one request.
    static let events = 1_000

    /// Connections open at once; more wait to be accepted.
    static let connections = 256
    /// Connections open at once from one address, loopback apart, where a proxy may stand.
    static let connectionsPerAddress = 32
    /// Live streams open at once.
    static let streams = 64

    /// From the opening of a connection until a request's head is there.
    static let headTime = TimeAmount.seconds(10)
    /// From the head until the end of the body.
    static let bodyTime = TimeAmount.seconds(30)
    /// For the rest of a body that nobody wants any more.
    static let drainTime = TimeAmount.seconds(5)
    /// Between two requests on a connection.
    static let idleTime = TimeAmount.seconds(60)
    /// Without the other side taking anything of what is written to it.
    static let writeTime = TimeAmount.seconds(30)

    /// Requests a second from one address, and how many may come at once.
    static let requestsPerSecond = 50
    static let requestBurst = 200
    /// The same for tiles, which monitors fetch in large numbers.
    static let tilesPerSecond = 500
    static let tileBurst = 2_000
    /// Addresses that are told apart at once.
    static let addresses = 4_096

    /// Threads that ask the node, and requests that may wait for one.
    static let threads = 4
    static let waiting = 128
    /// Jobs that are remembered.
    static let jobs = 100

    /// How often a request looks whether the standings of its day are there, and the pause between two looks: one second in all.
    static let standingsLooks = 50
    static let standingsPauseMilliseconds = 20

    static let standingsPage = 1_000
    static let cuts = 100
    static let readings = 1_000
}
