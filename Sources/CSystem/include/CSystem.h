#pragma once
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
