internal import Foundation
internal import NodeRuntime
internal import Synchronization

/// Many connections to a node by somebody who is none: plain TCP sockets, one thread, many source addresses.
final class StrangerCrowd: Sendable {
    enum Habit: CaseIterable {
        /// A byte of a handshake now and then.
        case trickle
        /// The front of a handshake, and nothing more.
        case stall
        /// As many bytes as are taken, none of them of a handshake.
        case garbage
        /// A few bytes and a reset.
        case reset
    }

    private struct Slot {
        let habit: Habit
        let source: UInt32
        var descriptor: Int32 = -1
        var dueAt: UInt64 = 0
        var sent = 0
    }

    private struct State {
        var isStopped = false
        var open = 0
        var mostOpen = 0
        var connects: UInt64 = 0
    }

    /// The front of a TLS record with a ClientHello of 508 bytes.
    private static let front: [UInt8] = [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xfc, 0x03, 0x03]
    private static let tickMilliseconds: UInt32 = 100
    private static let garbage = [UInt8](repeating: 0xa5, count: 8_192)

    private let port: UInt16
    private let state = Mutex(State())
    private let thread = DispatchGroup()

    /// - Parameter count: connections that it tries to have at any time.
    init(port: Int, count: Int, seed: String) {
        self.port = UInt16(port)
        let slots = (0..<count).map { number in
            // Half of them from one address, the others from many.
            let host = number.isMultiple(of: 2) ? 2 : 256 + UInt32(number % 4_096)
            return Slot(habit: Habit.allCases[number % Habit.allCases.count], source: 0x7f00_0000 + host)
        }
        thread.enter()
        Thread.detachNewThread { [self] in
            Self.standBack()
            work(slots, SeededNumbers(seed: "crowd \(seed)"))
            thread.leave()
        }
    }

    /// Lets the calling thread use only what processor time nobody else wants: strangers would have machines of their own.
    static func standBack() { _ = setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 19) }

    /// Connections that are open at present and were at most, and all that were ever made.
    var counts: (open: Int, mostOpen: Int, connects: UInt64) { state.withLock { ($0.open, $0.mostOpen, $0.connects) } }

    /// Closes everything.
    func stop() {
        state.withLock { $0.isStopped = true }
        thread.wait()
    }

    private func work(_ slots: [Slot], _ numbers: SeededNumbers) {
        var slots = slots
        var numbers = numbers
        while !state.withLock({ $0.isStopped }) {
            let now = steadyMilliseconds()
            for place in slots.indices where slots[place].dueAt <= now { step(&slots[place], now, &numbers) }
            let open = slots.reduce(0) { $0 + ($1.descriptor >= 0 ? 1 : 0) }
            state.withLock { state in
                state.open = open
                state.mostOpen = max(state.mostOpen, open)
            }
            usleepMilliseconds(Self.tickMilliseconds)
        }
        for slot in slots where slot.descriptor >= 0 { close(slot.descriptor) }
    }

    private func step(_ slot: inout Slot, _ now: UInt64, _ numbers: inout SeededNumbers) {
        if slot.descriptor < 0 {
            connect(&slot)
        } else if hasEnded(slot.descriptor) {
            close(slot.descriptor)
            slot.descriptor = -1
            slot.dueAt = now + UInt64.random(in: 500...1_500, using: &numbers)
        } else {
            act(&slot, now, &numbers)
        }
    }

    private func connect(_ slot: inout Slot) {
        slot.sent = 0
        slot.descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard slot.descriptor >= 0 else { return }
        var source = address(slot.source, port: 0)
        var target = address(0x7f00_0001, port: port)
        let length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafePointer(to: &source) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = bind(slot.descriptor, $0, length) }
        }
        withUnsafePointer(to: &target) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = Glibc.connect(slot.descriptor, $0, length) }
        }
        state.withLock { $0.connects += 1 }
    }

    private func address(_ host: UInt32, port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = host.bigEndian
        address.sin_port = port.bigEndian
        return address
    }

    private func hasEnded(_ descriptor: Int32) -> Bool {
        var byte: UInt8 = 0
        let count = recv(descriptor, &byte, 1, Int32(MSG_DONTWAIT))
        return count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR && errno != ENOTCONN)
    }

    private func act(_ slot: inout Slot, _ now: UInt64, _ numbers: inout SeededNumbers) {
        switch slot.habit {
        case .trickle:
            send(slot.descriptor, [slot.sent < Self.front.count ? Self.front[slot.sent] : 0])
            slot.sent += 1
            slot.dueAt = now + 200
        case .stall:
            if slot.sent == 0 { send(slot.descriptor, Self.front) }
            slot.sent = Self.front.count
        case .garbage: send(slot.descriptor, Self.garbage)
        case .reset:
            send(slot.descriptor, Self.front)
            var linger = linger(l_onoff: 1, l_linger: 0)
            setsockopt(slot.descriptor, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
            close(slot.descriptor)
            slot.descriptor = -1
            slot.dueAt = now + UInt64.random(in: 500...1_500, using: &numbers)
        }
    }

    private func send(_ descriptor: Int32, _ bytes: [UInt8]) {
        _ = bytes.withUnsafeBytes {
            Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
        }
    }
}
