import Foundation
import GRDBSQLite
import Testing

@testable import Storage

@Suite struct UrgentMutexesTests {
    private let methods = UrgentMutexes.methods

    private func isFree(_ mutex: OpaquePointer) -> Bool {
        let result = Answer()
        let methods = methods
        nonisolated(unsafe) let mutex = mutex
        Thread.detachNewThread {
            let code = methods.xMutexTry(mutex)
            if code == SQLITE_OK { methods.xMutexLeave(mutex) }
            result.give(code == SQLITE_OK)
        }
        return result.wait()
    }

    @Test func oneThreadHoldsAMutexAtATime() throws {
        let mutex = try #require(methods.xMutexAlloc(SQLITE_MUTEX_FAST))
        defer { methods.xMutexFree(mutex) }
        #expect(isFree(mutex))
        methods.xMutexEnter(mutex)
        #expect(!isFree(mutex))
        methods.xMutexLeave(mutex)
        #expect(isFree(mutex))
    }

    @Test func aConnectionsMutexIsFreeOnceItIsLeftAsOftenAsItWasTaken() throws {
        let mutex = try #require(methods.xMutexAlloc(SQLITE_MUTEX_RECURSIVE))
        defer { methods.xMutexFree(mutex) }
        methods.xMutexEnter(mutex)
        methods.xMutexEnter(mutex)
        methods.xMutexLeave(mutex)
        #expect(!isFree(mutex))
        methods.xMutexLeave(mutex)
        #expect(isFree(mutex))
    }

    @Test func eachStaticMutexIsAlwaysTheSameAndNoOther() {
        let kinds = SQLITE_MUTEX_STATIC_MAIN...SQLITE_MUTEX_STATIC_VFS3
        let mutexes = kinds.compactMap { methods.xMutexAlloc($0) }
        #expect(Set(mutexes).count == kinds.count)
        #expect(kinds.compactMap { methods.xMutexAlloc($0) } == mutexes)
        #expect(methods.xMutexAlloc(SQLITE_MUTEX_STATIC_VFS3 + 1) == nil)
    }
}

/// What another thread says.
private final class Answer: @unchecked Sendable {
    private let isThere = DispatchSemaphore(value: 0)
    private var value = false

    func give(_ value: Bool) {
        self.value = value
        isThere.signal()
    }

    func wait() -> Bool {
        isThere.wait()
        return value
    }
}
