#include "Extensions.h"

#include <limits.h>

// Without one the library would ask at the terminal.
static int no_passphrase(char *buffer, int size, int is_written, void *context) {
  (void)buffer, (void)size, (void)is_written, (void)context;
  return -1;
}

EVP_PKEY *coffer_private_key(const void *pem, size_t count) {
  if (count > INT_MAX) return NULL;
  BIO *bio = BIO_new_mem_buf(pem, (int)count);
  if (bio == NULL) return NULL;
  EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
  BIO_free(bio);
  return key;
}

static int set_serial(X509 *certificate, const uint8_t *serial, int count) {
  BIGNUM *number = BN_bin2bn(serial, count, NULL);
  if (number == NULL) return 0;
  int done = BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;
  BN_free(number);
  return done;
}

static int fill(X509 *certificate, EVP_PKEY *key, const char *common_name, int64_t not_before, int64_t not_after,
                X509 *issuer) {
  const char *usage = EVP_PKEY_is_a(key, "RSA") ? "critical,digitalSignature,keyEncipherment" : "critical,digitalSignature";
  // An authority without an identifier for its key has none to be referred by.
  int names_issuer = X509_get_ext_by_NID(issuer, NID_subject_key_identifier, -1) >= 0;
  return X509_set_version(certificate, 2) && ASN1_TIME_set(X509_getm_notBefore(certificate), (time_t)not_before) &&
         ASN1_TIME_set(X509_getm_notAfter(certificate), (time_t)not_after) && X509_set_pubkey(certificate, key) &&
         X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                                    (const unsigned char *)common_name, -1, -1, 0) &&
         X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) &&
         add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
         add_extension(certificate, issuer, NID_key_usage, usage) &&
         add_extension(certificate, issuer, NID_ext_key_usage, "clientAuth") &&
         add_extension(certificate, issuer, NID_subject_key_identifier, "hash") &&
         (!names_issuer || add_extension(certificate, issuer, NID_authority_key_identifier, "keyid:always"));
}

X509 *coffer_client_certificate(EVP_PKEY *key, const char *common_name, const uint8_t *serial, int serial_count,
                                int64_t not_before, int64_t not_after, X509 *issuer, EVP_PKEY *issuer_key,
                                const EVP_MD *digest) {
  X509 *certificate = X509_new();
  if (certificate == NULL) return NULL;
  if (set_serial(certificate, serial, serial_count) &&
      fill(certificate, key, common_name, not_before, not_after, issuer) &&
      X509_sign(certificate, issuer_key, digest) > 0)
    return certificate;
  X509_free(certificate);
  return NULL;
}
