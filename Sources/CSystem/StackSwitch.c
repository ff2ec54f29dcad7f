#include "StackSwitch.h"

#include <stdint.h>

#ifdef __x86_64__

// swapcontext(3) asks the kernel to change the signal mask each time, which costs more than all else; here the mask stays as it is.
// A function may expect rbx, rbp and r12 to r15 back as they were (System V ABI for AMD64, section 3.2.1). The control words of
// the floating-point units belong there too, but nothing here changes them.
__asm__(".text\n"
        ".globl coffer_stack_switch\n"
        ".type coffer_stack_switch, @function\n"
        "coffer_stack_switch:\n"
        "  pushq %rbp\n"
        "  pushq %rbx\n"
        "  pushq %r12\n"
        "  pushq %r13\n"
        "  pushq %r14\n"
        "  pushq %r15\n"
        "  movq %rsp, (%rdi)\n"
        "  movq (%rsi), %rsp\n"
        "  popq %r15\n"
        "  popq %r14\n"
        "  popq %r13\n"
        "  popq %r12\n"
        "  popq %rbx\n"
        "  popq %rbp\n"
        "  ret\n"
        ".size coffer_stack_switch, . - coffer_stack_switch\n"
        // Where a new stack begins: r12 holds the body, r13 its argument.
        ".type coffer_stack_start, @function\n"
        "coffer_stack_start:\n"
        "  movq %r13, %rdi\n"
        "  callq *%r12\n"
        "  ud2\n"
        ".size coffer_stack_start, . - coffer_stack_start\n");

extern void coffer_stack_start(void);

bool coffer_stack_begin(coffer_stack_place *place, void *stack, size_t bytes, void (*body)(void *), void *argument) {
  // Where a function is called, the stack is aligned to 16 bytes.
  uintptr_t *top = (uintptr_t *)(((uintptr_t)stack + bytes) & ~(uintptr_t)15);
  *--top = (uintptr_t)coffer_stack_start;
  *--top = 0;                   // rbp: here backtraces end
  *--top = 0;                   // rbx
  *--top = (uintptr_t)body;     // r12
  *--top = (uintptr_t)argument; // r13
  *--top = 0;                   // r14
  *--top = 0;                   // r15
  place->top = top;
  return true;
}

#else

// makecontext passes numbers of the size of an int.
static void begin(unsigned body_low, unsigned body_high, unsigned argument_low, unsigned argument_high) {
  void (*body)(void *) = (void (*)(void *))((uintptr_t)body_high << 32 | body_low);
  body((void *)((uintptr_t)argument_high << 32 | argument_low));
}

bool coffer_stack_begin(coffer_stack_place *place, void *stack, size_t bytes, void (*body)(void *), void *argument) {
  if (getcontext(place) != 0) { return false; }
  place->uc_stack.ss_sp = stack;
  place->uc_stack.ss_size = bytes;
  place->uc_link = NULL;
  uintptr_t code = (uintptr_t)body, data = (uintptr_t)argument;
  makecontext(place, (void (*)(void))begin, 4, (unsigned)code, (unsigned)((uint64_t)code >> 32), (unsigned)data,
              (unsigned)((uint64_t)data >> 32));
  return true;
}

void coffer_stack_switch(coffer_stack_place *from, const coffer_stack_place *to) { swapcontext(from, to); }

#endif
