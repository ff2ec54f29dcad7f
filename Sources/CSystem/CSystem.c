#define _GNU_SOURCE
#include "CSystem.h"

#include <string.h>

void coffer_zero(void *memory, size_t count) { explicit_bzero(memory, count); }

int coffer_equal(const void *a, const void *b, size_t count) {
  const volatile uint8_t *x = a, *y = b;
  uint8_t difference = 0;
  for (size_t i = 0; i < count; i++) difference |= x[i] ^ y[i];
  return difference == 0;
}

#include <limits.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int coffer_accept(int listener, struct sockaddr_storage *address, int *descriptor) {
  socklen_t length = sizeof *address;
  *descriptor = accept4(listener, (struct sockaddr *)address, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
  return *descriptor < 0 ? -1 : (int)length;
}

enum { latch_closed = 0, latch_awaited = 1, latch_open = 2 };

void coffer_latch_wait(uint32_t *latch) {
  uint32_t seen = latch_closed;
  __atomic_compare_exchange_n(latch, &seen, latch_awaited, 0, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE);
  while (__atomic_load_n(latch, __ATOMIC_ACQUIRE) != latch_open) {
    syscall(SYS_futex, latch, FUTEX_WAIT_PRIVATE, latch_awaited, NULL, NULL, 0);
  }
}

void coffer_latch_open(uint32_t *latch) {
  if (__atomic_exchange_n(latch, latch_open, __ATOMIC_ACQ_REL) == latch_awaited) {
    syscall(SYS_futex, latch, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
  }
}

int coffer_thread_id(void) { return gettid(); }

void coffer_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

void coffer_forbid_dumps(void) { prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); }

int coffer_lock_memory(void) { return mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT); }

int coffer_may_lock_all_memory(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY) { return 1; }
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {{0}};
  return syscall(SYS_capget, &header, data) == 0 && (data[0].effective & (1u << CAP_IPC_LOCK)) != 0;
}
