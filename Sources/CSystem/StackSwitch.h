#pragma once
#include <stdbool.h>
#include <stddef.h>

#ifdef __x86_64__
/// Where the work on a stack goes on: what its code expects of the processor lies on top of it.
typedef struct {
  void *top;
} coffer_stack_place;
#else
#include <ucontext.h>
typedef ucontext_t coffer_stack_place;
#endif

/// A place at which `body` is called on an empty stack. The body must never return. False where the system refuses.
bool coffer_stack_begin(coffer_stack_place *place, void *stack, size_t bytes, void (*body)(void *), void *argument);

/// Leaves the stack of the caller at `from` and goes on at `to`.
void coffer_stack_switch(coffer_stack_place *from, const coffer_stack_place *to);
