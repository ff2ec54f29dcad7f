#pragma once
#include <stddef.h>

/// Room for a hash of crypt(5) with its ending zero.
enum { coffer_bcrypt_room = 64 };

/// Hashes a password that ends with a zero by the salt and cost of `setting` (`$2b$10$` and 22 characters, at least).
/// 1 when `out`, of `coffer_bcrypt_room` bytes, holds the hash; 0 when the library refused.
int coffer_bcrypt(const char *password, const char *setting, char *out);
