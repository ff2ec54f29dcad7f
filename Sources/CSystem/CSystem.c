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
