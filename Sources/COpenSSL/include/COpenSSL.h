#pragma once
#include <stdint.h>
#include <openssl/ssl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <openssl/pem.h>
#include <openssl/core_names.h>

// What the client needs of OpenSSL's macros.
static inline long coffer_client_min_version(SSL_CTX *ctx, int version) { return SSL_CTX_set_min_proto_version(ctx, version); }
static inline long coffer_client_server_name(SSL *ssl, const char *name) { return SSL_set_tlsext_host_name(ssl, name); }
static inline long coffer_client_auto_retry(SSL_CTX *ctx) { return SSL_CTX_set_mode(ctx, SSL_MODE_AUTO_RETRY); }
static inline BIO *coffer_client_memory(const void *bytes, int count) { return BIO_new_mem_buf(bytes, count); }

// Macros of OpenSSL's for TLS servers, as functions.

static inline void coffer_tls_context_modes(SSL_CTX *context) {
  SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_read_ahead(context, 1);
}

static inline void coffer_tls_context_prefer_own_ciphers(SSL_CTX *context) {
  SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
}

static inline int coffer_tls_context_versions(SSL_CTX *context, int lowest, int highest) {
  return SSL_CTX_set_min_proto_version(context, lowest) && SSL_CTX_set_max_proto_version(context, highest);
}

static inline unsigned long coffer_tls_error_reason(unsigned long error) { return ERR_GET_REASON(error); }

// Certificates for servers that are only tried out. See Certificate.c.

/// A version 3 certificate (RFC 5280) for `key`, valid from now for `days`. `names` is a subjectAltName value such as "DNS:localhost,IP:127.0.0.1", or
/// NULL for a certificate authority. Signed by the issuer, or by itself where `issuer` is NULL. NULL on failure.
X509 *coffer_certificate(EVP_PKEY *key, const char *common_name, const char *names, int days, uint64_t serial,
                         X509 *issuer, EVP_PKEY *issuer_key);

// Certificates of clients. See ClientCertificate.c.

/// The private key in a PEM text; NULL where there is none, or it is under a passphrase.
EVP_PKEY *coffer_private_key(const void *pem, size_t count);

/// A version 3 certificate (RFC 5280) for TLS clients, signed by the issuer. `serial` is big endian and positive; times are seconds of the
/// Unix epoch; `digest` is NULL for keys that sign whole messages. NULL on failure.
X509 *coffer_client_certificate(EVP_PKEY *key, const char *common_name, const uint8_t *serial, int serial_count,
                                int64_t not_before, int64_t not_after, X509 *issuer, EVP_PKEY *issuer_key,
                                const EVP_MD *digest);

// Keys of public-key algorithms, their numbers and certificate requests.
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/param_build.h>

static inline void coffer_cipher_allow_wrap(EVP_CIPHER_CTX *context) {
  EVP_CIPHER_CTX_set_flags(context, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
}

static inline int coffer_pkey_whole(void) { return EVP_PKEY_KEYPAIR; }
static inline int coffer_pkey_public(void) { return EVP_PKEY_PUBLIC_KEY; }

// HMAC-SHA-256 (RFC 2104) with the states after the padded key kept, so that a code costs two short hashes and no memory.

typedef struct {
  _Alignas(16) uint8_t state[128];
} coffer_sha256;

typedef struct {
  _Alignas(16) uint8_t states[256];
} coffer_hmac_sha256;

void coffer_hmac_sha256_prepare(coffer_hmac_sha256 *key, const void *bytes, size_t count);

// One code; the key is only read.
void coffer_hmac_sha256_begin(const coffer_hmac_sha256 *key, coffer_sha256 *state);
void coffer_hmac_sha256_update(coffer_sha256 *state, const void *bytes, size_t count);
/// `code` has room for 32 bytes.
void coffer_hmac_sha256_finish(const coffer_hmac_sha256 *key, coffer_sha256 *state, uint8_t *code);
