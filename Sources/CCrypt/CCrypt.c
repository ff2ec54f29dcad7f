#include "CCrypt.h"
#include <crypt.h>
#include <stdlib.h>
#include <string.h>

int coffer_bcrypt(const char *password, const char *setting, char *out) {
  // 32 KiB: too much for a thread's stack.
  struct crypt_data *data = calloc(1, sizeof *data);
  if (!data) return 0;
  const char *hash = crypt_r(password, setting, data);
  int done = hash && hash[0] == '$' && strlen(hash) < coffer_bcrypt_room;
  if (done) strcpy(out, hash);
  explicit_bzero(data, sizeof *data);
  free(data);
  return done;
}
