// Lets ThreadSanitizer see what Swift's Mutex does out of its sight. On Linux a contended Mutex is locked and unlocked in
// libswiftSynchronization and the kernel, which are not instrumented: without this every value behind a contended Mutex is
// reported as a race. Loaded before that library (LD_PRELOAD), these functions stand in front of its own, call them, and
// tell the sanitizer. Uncontended locking is compiled into the program and seen without help.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *self
#define LOCK_SLOW "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK_SLOW "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"
#define TRY_LOCK_SLOW "$s15Synchronization12_MutexHandleV12_tryLockSlowSbyF"

typedef SWIFT void (*LockSlow)(uint32_t, SELF);
typedef SWIFT void (*UnlockSlow)(SELF);
typedef SWIFT _Bool (*TryLockSlow)(SELF);

static void tell(const char *name, void *mutex) {
  void (*function)(void *) = (void (*)(void *))dlsym(RTLD_DEFAULT, name);
  if (function) function(mutex);
}

SWIFT void lockSlow(uint32_t thread, SELF) __asm__(LOCK_SLOW);
SWIFT void unlockSlow(SELF) __asm__(UNLOCK_SLOW);
SWIFT _Bool tryLockSlow(SELF) __asm__(TRY_LOCK_SLOW);

SWIFT void lockSlow(uint32_t thread, SELF) {
  ((LockSlow)dlsym(RTLD_NEXT, LOCK_SLOW))(thread, self);
  tell("__tsan_acquire", self);
}

SWIFT void unlockSlow(SELF) {
  tell("__tsan_release", self);
  ((UnlockSlow)dlsym(RTLD_NEXT, UNLOCK_SLOW))(self);
}

SWIFT _Bool tryLockSlow(SELF) {
  _Bool isLocked = ((TryLockSlow)dlsym(RTLD_NEXT, TRY_LOCK_SLOW))(self);
  if (isLocked) tell("__tsan_acquire", self);
  return isLocked;
}
