#pragma once
#include <postgresql/libpq-fe.h>
#include <sys/syscall.h>
#include <unistd.h>

// A file without a name in any folder, closed on exec; -1 where the system gives none.
static inline int coffer_memory_file(void) { return (int)syscall(SYS_memfd_create, "coffer", 1U); }
