#ifndef CONCORD_COPENSSL_SHIM_H
#define CONCORD_COPENSSL_SHIM_H
/* The low-level SHA-256 calls are deprecated but several times faster than EVP on short messages. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/bio.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <openssl/crypto.h>
#endif
