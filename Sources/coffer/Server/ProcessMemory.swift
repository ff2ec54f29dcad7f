internal import CSystem
internal import Commands
internal import Glibc
internal import Logging

/// Whether the server's memory is kept out of swap space.
enum MemoryLocking: Sendable {
  case no
  /// Where the system lets this process do it.
  case whereAllowed
  /// The server does not start otherwise.
  case mustBe
}

/// What keeps secrets in memory from reaching a disk, and memory from staying with a process that no longer uses it.
enum ProcessMemory {
  /// Gives memory that has been freed, as after a burst of large values, back to the system (malloc_trim(3)). Locked pages
  /// stay.
  static func trim() { if mallinfo2().fordblks > keptBytes { malloc_trim(0) } }

  /// Free memory below this is kept for the next requests.
  private static let keptBytes = 8 << 20

  /// Neither core dumps nor debuggers of the same user; those of the administrator still can.
  static func forbidDumps() {
    var none = rlimit(rlim_cur: 0, rlim_max: 0)
    setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
    coffer_forbid_dumps()
  }

  /// Locks pages as they are used. A limit on locked memory would make the system refuse memory later, at any moment, so that without
  /// the right to lock as much as it likes a process does not lock at all.
  static func lock(_ wish: MemoryLocking, log: Logger) throws {
    if wish == .no { return }
    let mayLockAll = coffer_may_lock_all_memory() == 1
    if mayLockAll, coffer_lock_memory() == 0 {
      // Locked pages can only go back as whole mappings (mallopt(3)): large blocks get such of their own, though that takes longer.
      mallopt(Int32(M_MMAP_THRESHOLD), 512 << 10)
      return
    }
    let reason = mayLockAll ? String(cString: strerror(errno)) : "the amount that may be locked is limited"
    guard wish == .mustBe else {
      log.warn(
        "memory is not locked: switch swap off or encrypt it, or allow locking (LimitMEMLOCK=infinity)",
        [("reason", reason)])
      return
    }
    throw CommandFailure.local(
      "Memory cannot be locked (\(reason)): allow it (LimitMEMLOCK=infinity) or set disable_mlock = true")
  }
}
