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

#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

int coffer_accept(int listener, struct sockaddr_storage *address, int *descriptor) {
  socklen_t length = sizeof *address;
  *descriptor = accept4(listener, (struct sockaddr *)address, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
  return *descriptor < 0 ? -1 : (int)length;
}

int coffer_thread_id(void) { return gettid(); }

void coffer_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }
