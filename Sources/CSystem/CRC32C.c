#include "CRC32C.h"
#include <pthread.h>
#include <string.h>
#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

// Slicing by eight: table[k][b] is the remainder of byte b followed by k zero bytes.
static uint32_t table[8][256];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void fill(void) {
  for (uint32_t byte = 0; byte < 256; byte++) {
    uint32_t remainder = byte;
    for (int bit = 0; bit < 8; bit++) {
      remainder = (remainder >> 1) ^ ((remainder & 1) ? 0x82F63B78u : 0);
    }
    table[0][byte] = remainder;
  }
  for (int slice = 1; slice < 8; slice++) {
    for (int byte = 0; byte < 256; byte++) {
      uint32_t before = table[slice - 1][byte];
      table[slice][byte] = (before >> 8) ^ table[0][before & 255];
    }
  }
}

uint32_t coffer_crc32c_portable(uint32_t seed, const void *bytes, size_t count) {
  pthread_once(&once, fill);
  const uint8_t *at = bytes;
  uint32_t crc = ~seed;
  for (; count >= 8; count -= 8, at += 8) {
    uint32_t low = crc ^ ((uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24);
    crc = table[7][low & 255] ^ table[6][low >> 8 & 255] ^ table[5][low >> 16 & 255] ^ table[4][low >> 24] ^
          table[3][at[4]] ^ table[2][at[5]] ^ table[1][at[6]] ^ table[0][at[7]];
  }
  for (; count > 0; count--, at++) { crc = (crc >> 8) ^ table[0][(crc ^ *at) & 255]; }
  return ~crc;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) static uint32_t with_instruction(uint32_t seed, const void *bytes, size_t count) {
  const uint8_t *at = bytes;
  uint64_t crc = ~seed;
  for (; count >= 8; count -= 8, at += 8) {
    uint64_t word;
    memcpy(&word, at, 8);
    crc = _mm_crc32_u64(crc, word);
  }
  uint32_t rest = (uint32_t)crc;
  for (; count > 0; count--, at++) { rest = _mm_crc32_u8(rest, *at); }
  return ~rest;
}

uint32_t coffer_crc32c(uint32_t seed, const void *bytes, size_t count) {
  return __builtin_cpu_supports("sse4.2") ? with_instruction(seed, bytes, count)
                                          : coffer_crc32c_portable(seed, bytes, count);
}
#else
uint32_t coffer_crc32c(uint32_t seed, const void *bytes, size_t count) {
  return coffer_crc32c_portable(seed, bytes, count);
}
#endif
