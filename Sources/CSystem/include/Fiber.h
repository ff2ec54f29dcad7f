#pragma once
#include <stddef.h>
#include <sys/epoll.h>

/// A stack and the place where the work on it goes on.
typedef struct coffer_fiber coffer_fiber;

/// For the calling thread as it is, to be switched back to. NULL where there is no memory.
coffer_fiber *coffer_fiber_of_thread(void);

/// With a stack of its own above a page that nobody may touch. When the body returns, `home` goes on. NULL where there is no memory.
coffer_fiber *coffer_fiber_make(size_t stack_bytes, coffer_fiber *home, void (*body)(void *), void *argument);

/// Leaves `from`, which must be the one that runs, and goes on in `to`.
void coffer_fiber_switch(coffer_fiber *from, coffer_fiber *to);

/// Not for one that runs.
void coffer_fiber_free(coffer_fiber *fiber);

/// What the calling thread has set last; NULL at first.
void *coffer_fiber_current(void);
void coffer_fiber_set_current(void *fiber);

/// Lets coffer_carrier_wake interrupt waits, and nothing else, in the calling thread.
void coffer_carrier_prepare(void);

/// Ends the wait under way of the thread of that number (coffer_thread_id), or its next one.
void coffer_carrier_wake(int thread);

/// epoll_wait(2) of one event without end, until coffer_carrier_wake; waits for that alone where `epoll` is negative.
int coffer_carrier_wait(int epoll, struct epoll_event *event);

/// A number that the calling thread was given; 0 at first.
int coffer_stripe(void);
void coffer_set_stripe(int number);

/// How many locks the calling thread holds, by its own account.
int coffer_locks_held(void);
void coffer_locks_note(int change);
