internal import Cryptography
package import Federation

/// The opening of a session as a value: both sides say hello, each judges the other's, and from then on messages flow.
package struct SessionStateMachine: ~Copyable {
    private enum State {
        case waitingForHello
        case open(peer: Int, version: UInt16)
        case closed
    }

    /// What a message from the other side leads to.
    package enum Action {
        /// The session is open: announce what is held.
        case open(peer: Int, hello: Hello)
        case deliver(Message)
        /// Send this and close.
        case refuse(Refusal)
        /// The other side has refused.
        case refused(Refusal)
        case ignore
    }

    private var state: State = .waitingForHello
    private let own: Hello
    /// The node that the link's key belongs to.
    private let linkPeer: Int

    package init(own: Hello, linkPeer: Int) {
        self.own = own
        self.linkPeer = linkPeer
    }

    package mutating func received(_ message: Message, topology: borrowing Topology) -> Action {
        if case .refusal(let refusal) = message {
            state = .closed
            return .refused(refusal)
        }
        switch (state, message) {
        case (.closed, _): return .ignore
        case (.waitingForHello, .hello(let hello)): return judge(hello, topology)
        case (.waitingForHello, _): return refuse(.protocolViolation, "the first message must be hello: speak concord/1")
        case (.open, .hello): return refuse(.protocolViolation, "hello is said once a session")
        case (.open, .unknown): return .ignore
        case (.open, _): return .deliver(message)
        }
    }

    private mutating func judge(_ hello: Hello, _ topology: borrowing Topology) -> Action {
        let version = min(own.maximumVersion, hello.maximumVersion)
        guard version >= own.minimumVersion, version >= hello.minimumVersion else {
            // Both operators read this, so it names the nodes.
            return refuse(
                .version,
                "no common protocol version: \(String(decoding: own.node, as: UTF8.self)) speaks \(own.minimumVersion) to "
                    + "\(own.maximumVersion), \(topology.nodes[linkPeer].name) \(hello.minimumVersion) to "
                    + "\(hello.maximumVersion); upgrade the older one")
        }
        guard hello.federation == own.federation else {
            return refuse(
                .federation,
                "another federation: this node belongs to \(String(decoding: own.federation, as: UTF8.self)), the other to "
                    + "\(String(decoding: hello.federation, as: UTF8.self)); check the addresses in the topology")
        }
        guard Array(topology.nodes[linkPeer].name.utf8) == hello.node else {
            return refuse(
                .wrongNode,
                "the link key is that of \(topology.nodes[linkPeer].name), but hello names "
                    + "\(String(decoding: hello.node, as: UTF8.self)); check that each node uses its own data folder")
        }
        state = .open(peer: linkPeer, version: version)
        return .open(peer: linkPeer, hello: hello)
    }

    private mutating func refuse(_ code: Refusal.Code, _ message: String) -> Action {
        state = .closed
        return .refuse(Refusal(code, message))
    }

    package mutating func close() { state = .closed }

    package var isOpen: Bool {
        if case .open = state { true } else { false }
    }

    /// Whether one of the two sides has ended the session: nothing more is said or heard in it.
    package var isClosed: Bool {
        if case .closed = state { true } else { false }
    }
}
