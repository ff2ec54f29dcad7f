#include "Extensions.h"

static int fill(X509 *certificate, EVP_PKEY *key, const char *common_name, const char *names, int days,
                uint64_t serial, X509 *issuer) {
  X509_NAME *name = X509_get_subject_name(certificate);
  return X509_set_version(certificate, 2) && ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial) &&
         X509_gmtime_adj(X509_getm_notBefore(certificate), -60) &&
         X509_gmtime_adj(X509_getm_notAfter(certificate), 86400L * days) && X509_set_pubkey(certificate, key) &&
         X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)common_name, -1, -1, 0) &&
         X509_set_issuer_name(certificate, issuer == NULL ? name : X509_get_subject_name(issuer)) &&
         add_extension(certificate, issuer == NULL ? certificate : issuer, NID_basic_constraints,
                       names == NULL ? "critical,CA:TRUE" : "critical,CA:FALSE") &&
         add_extension(certificate, issuer == NULL ? certificate : issuer, NID_key_usage,
                       names == NULL ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature") &&
         (names == NULL || (add_extension(certificate, issuer, NID_ext_key_usage, "serverAuth") &&
                            add_extension(certificate, issuer, NID_subject_alt_name, names)));
}

X509 *coffer_certificate(EVP_PKEY *key, const char *common_name, const char *names, int days, uint64_t serial,
                         X509 *issuer, EVP_PKEY *issuer_key) {
  X509 *certificate = X509_new();
  if (certificate == NULL) return NULL;
  if (fill(certificate, key, common_name, names, days, serial, issuer) &&
      X509_sign(certificate, issuer == NULL ? key : issuer_key, EVP_sha256()) > 0)
    return certificate;
  X509_free(certificate);
  return NULL;
}
