#pragma once
#include <malloc.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/vfs.h>
#include "CRC32C.h"

/// Overwrites memory in a way that the optimiser keeps.
void coffer_zero(void *memory, size_t count);

/// Compares in time that depends on count alone; 1 when equal.
int coffer_equal(const void *a, const void *b, size_t count);

struct sockaddr_storage;

/// accept4(2) of a socket that does not block and is closed on exec. The address's length comes back, or -1.
int coffer_accept(int listener, struct sockaddr_storage *address, int *descriptor);

/// The kernel's number of the calling thread.
int coffer_thread_id(void);

/// At most 15 bytes, for those who look at the process from outside.
void coffer_name_thread(const char *name);
