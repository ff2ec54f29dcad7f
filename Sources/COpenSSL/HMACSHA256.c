#define OPENSSL_SUPPRESS_DEPRECATED
#include "COpenSSL.h"

#include <openssl/sha.h>
#include <string.h>

_Static_assert(sizeof(coffer_hmac_sha256) >= 2 * sizeof(SHA256_CTX), "no room for both states");
_Static_assert(sizeof(coffer_sha256) >= sizeof(SHA256_CTX), "no room for the state");
_Static_assert(_Alignof(coffer_sha256) >= _Alignof(SHA256_CTX), "states are not aligned");

static SHA256_CTX *inner(coffer_hmac_sha256 *key) { return (SHA256_CTX *)key->states; }

void coffer_hmac_sha256_prepare(coffer_hmac_sha256 *key, const void *bytes, size_t count) {
  uint8_t block[SHA256_CBLOCK] = {0};
  SHA256_CTX *states = inner(key);
  if (count > sizeof block) {
    SHA256_Init(&states[0]);
    SHA256_Update(&states[0], bytes, count);
    SHA256_Final(block, &states[0]);
  } else if (count > 0) {
    memcpy(block, bytes, count);
  }
  for (size_t i = 0; i < sizeof block; i++) block[i] ^= 0x36;
  SHA256_Init(&states[0]);
  SHA256_Update(&states[0], block, sizeof block);
  for (size_t i = 0; i < sizeof block; i++) block[i] ^= 0x36 ^ 0x5c;
  SHA256_Init(&states[1]);
  SHA256_Update(&states[1], block, sizeof block);
  OPENSSL_cleanse(block, sizeof block);
}

void coffer_hmac_sha256_begin(const coffer_hmac_sha256 *key, coffer_sha256 *state) {
  memcpy(state, key->states, sizeof(SHA256_CTX));
}

void coffer_hmac_sha256_update(coffer_sha256 *state, const void *bytes, size_t count) {
  SHA256_Update((SHA256_CTX *)state, bytes, count);
}

void coffer_hmac_sha256_finish(const coffer_hmac_sha256 *key, coffer_sha256 *state, uint8_t *code) {
  SHA256_Final(code, (SHA256_CTX *)state);
  memcpy(state, (const SHA256_CTX *)key->states + 1, sizeof(SHA256_CTX));
  SHA256_Update((SHA256_CTX *)state, code, SHA256_DIGEST_LENGTH);
  SHA256_Final(code, (SHA256_CTX *)state);
}
