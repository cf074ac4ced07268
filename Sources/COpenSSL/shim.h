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
#include <string.h>
#include <stdint.h>

static inline void concord_sha256_output(const SHA256_CTX *context, uint8_t *output) {
    for (int i = 0; i < 8; i++) {
        uint32_t word = __builtin_bswap32((uint32_t)context->h[i]);
        memcpy(output + 4 * i, &word, 4);
    }
}

static inline void concord_sha256(const void *message, size_t count, uint8_t *output) {
    SHA256_CTX context;
    SHA256_Init(&context);
    uint8_t block[64];
    const uint8_t *bytes = (const uint8_t *)message;
    uint64_t bits = __builtin_bswap64((uint64_t)count * 8);
    while (count >= 64) {
        SHA256_Transform(&context, bytes);
        bytes += 64;
        count -= 64;
    }
    if (count) memcpy(block, bytes, count);
    block[count] = 0x80;
    if (count >= 56) {
        memset(block + count + 1, 0, 63 - count);
        SHA256_Transform(&context, block);
        memset(block, 0, 56);
    } else {
        memset(block + count + 1, 0, 55 - count);
    }
    memcpy(block + 56, &bits, 8);
    SHA256_Transform(&context, block);
    concord_sha256_output(&context, output);
}

/* count is at most 54: prefix, message, padding and length fit one block. */
static inline void concord_sha256_prefixed(uint8_t prefix, const void *message, size_t count, uint8_t *output) {
    SHA256_CTX context;
    SHA256_Init(&context);
    uint8_t block[64];
    uint64_t bits = __builtin_bswap64((uint64_t)(count + 1) * 8);
    block[0] = prefix;
    memcpy(block + 1, message, count);
    block[count + 1] = 0x80;
    memset(block + count + 2, 0, 54 - count);
    memcpy(block + 56, &bits, 8);
    SHA256_Transform(&context, block);
    concord_sha256_output(&context, output);
}

static inline void concord_sha256_node(const void *left, const void *right, uint8_t *output) {
    SHA256_CTX context;
    SHA256_Init(&context);
    uint8_t block[64];
    block[0] = 1;
    memcpy(block + 1, left, 32);
    memcpy(block + 33, right, 31);
    SHA256_Transform(&context, block);
    block[0] = ((const uint8_t *)right)[31];
    block[1] = 0x80;
    memset(block + 2, 0, 60);
    block[62] = 0x02; /* 65 bytes are 520 = 0x0208 bits */
    block[63] = 0x08;
    SHA256_Transform(&context, block);
    concord_sha256_output(&context, output);
}

/* TLS: what OpenSSL offers as macros only. */
static inline int concord_SSL_CTX_set_min_proto_version(SSL_CTX *context, int version) {
    return (int)SSL_CTX_set_min_proto_version(context, version);
}
static inline int concord_SSL_CTX_set_max_proto_version(SSL_CTX *context, int version) {
    return (int)SSL_CTX_set_max_proto_version(context, version);
}
static inline int concord_SSL_CTX_set1_sigalgs_list(SSL_CTX *context, const char *list) {
    return (int)SSL_CTX_set1_sigalgs_list(context, list);
}
static inline int concord_SSL_CTX_set1_client_sigalgs_list(SSL_CTX *context, const char *list) {
    return (int)SSL_CTX_set1_client_sigalgs_list(context, list);
}
static inline int concord_SSL_CTX_set1_groups_list(SSL_CTX *context, const char *list) {
    return (int)SSL_CTX_set1_groups_list(context, list);
}
/* These options are 64-bit macro expressions, which Swift does not import. */
static inline void concord_SSL_CTX_disable_resumption(SSL_CTX *context) {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
}
static inline void concord_SSL_CTX_prefer_own_ciphers(SSL_CTX *context) {
    SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE);
}
static inline void concord_SSL_CTX_set_max_cert_list(SSL_CTX *context, long bytes) {
    SSL_CTX_set_max_cert_list(context, bytes);
}
static inline void concord_BIO_set_retry_read(BIO *bio) {
    BIO_set_retry_read(bio);
}
static inline void concord_BIO_clear_retry_flags(BIO *bio) {
    BIO_clear_retry_flags(bio);
}
static inline int concord_OPENSSL_init_without_atexit(void) {
    return OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT, NULL);
}
#endif
