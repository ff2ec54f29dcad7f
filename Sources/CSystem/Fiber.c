#define _GNU_SOURCE
#include "Fiber.h"

#include "StackSwitch.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct coffer_fiber {
  coffer_stack_place place;
  coffer_fiber *home;
  void (*body)(void *);
  void *argument;
  void *mapping;
  size_t mapped_bytes;
};

coffer_fiber *coffer_fiber_of_thread(void) { return calloc(1, sizeof(coffer_fiber)); }

static void live(void *argument) {
  coffer_fiber *fiber = argument;
  fiber->body(fiber->argument);
  coffer_fiber_switch(fiber, fiber->home);
}

coffer_fiber *coffer_fiber_make(size_t stack_bytes, coffer_fiber *home, void (*body)(void *), void *argument) {
  coffer_fiber *fiber = calloc(1, sizeof *fiber);
  if (fiber == NULL) { return NULL; }
  fiber->home = home;
  fiber->body = body;
  fiber->argument = argument;
  size_t guard = (size_t)sysconf(_SC_PAGESIZE);
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK;
  void *mapping = mmap(NULL, guard + stack_bytes, PROT_NONE, flags, -1, 0);
  if (mapping == MAP_FAILED) {
    free(fiber);
    return NULL;
  }
  fiber->mapping = mapping;
  fiber->mapped_bytes = guard + stack_bytes;
  char *stack = (char *)mapping + guard;
  if (mprotect(stack, stack_bytes, PROT_READ | PROT_WRITE) != 0 ||
      !coffer_stack_begin(&fiber->place, stack, stack_bytes, live, fiber)) {
    coffer_fiber_free(fiber);
    return NULL;
  }
  return fiber;
}

void coffer_fiber_switch(coffer_fiber *from, coffer_fiber *to) { coffer_stack_switch(&from->place, &to->place); }

void coffer_fiber_free(coffer_fiber *fiber) {
  if (fiber->mapping != NULL) { munmap(fiber->mapping, fiber->mapped_bytes); }
  free(fiber);
}

static _Thread_local void *current_fiber;

void *coffer_fiber_current(void) { return current_fiber; }

void coffer_fiber_set_current(void *fiber) { current_fiber = fiber; }

enum { wake_signal = SIGURG };

static _Thread_local sigset_t while_waiting;

static void ignore(int signal) { (void)signal; }

void coffer_carrier_prepare(void) {
  // A handler that does nothing: a signal that is ignored interrupts no wait.
  struct sigaction action = {.sa_handler = ignore};
  sigaction(wake_signal, &action, NULL);
  sigset_t wake;
  sigemptyset(&wake);
  sigaddset(&wake, wake_signal);
  pthread_sigmask(SIG_BLOCK, &wake, &while_waiting);
  sigdelset(&while_waiting, wake_signal);
}

void coffer_carrier_wake(int thread) { tgkill(getpid(), thread, wake_signal); }

int coffer_carrier_wait(int epoll, struct epoll_event *event) {
  if (epoll < 0) { return ppoll(NULL, 0, NULL, &while_waiting); }
  return epoll_pwait(epoll, event, 1, -1, &while_waiting);
}

static _Thread_local int stripe;

int coffer_stripe(void) { return stripe; }

void coffer_set_stripe(int number) { stripe = number; }

static _Thread_local int locks_held;

int coffer_locks_held(void) { return locks_held; }

void coffer_locks_note(int change) { locks_held += change; }
