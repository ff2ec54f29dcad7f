#pragma once
#include <malloc.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/vfs.h>
#include "CRC32C.h"
#include "Fiber.h"

/// Overwrites memory in a way that the optimiser keeps.
void coffer_zero(void *memory, size_t count);

/// Compares in time that depends on count alone; 1 when equal.
int coffer_equal(const void *a, const void *b, size_t count);

struct sockaddr_storage;

/// accept4(2) of a socket that does not block and is closed on exec. The address's length comes back, or -1.
int coffer_accept(int listener, struct sockaddr_storage *address, int *descriptor);

/// Waits until the latch at the address, a word that was zero when nobody knew it, is open; sees what was done before.
void coffer_latch_wait(uint32_t *latch);

/// Opens the latch for good and wakes all who wait. Who waits may free it at once.
void coffer_latch_open(uint32_t *latch);

/// The kernel's number of the calling thread.
int coffer_thread_id(void);

/// At most 15 bytes, for those who look at the process from outside.
void coffer_name_thread(const char *name);

/// No core dumps of this process, and no debuggers but the administrator's (PR_SET_DUMPABLE of prctl(2)).
void coffer_forbid_dumps(void);

/// Keeps all pages of this process in memory once they are used (mlockall(2) with MCL_ONFAULT); 0, or -1 with errno.
int coffer_lock_memory(void);

/// 1 where the process may lock without limit: by RLIMIT_MEMLOCK or by CAP_IPC_LOCK.
int coffer_may_lock_all_memory(void);
