#ifndef CONCORD_CZLIB_SHIM_H
#define CONCORD_CZLIB_SHIM_H

#include <zlib.h>

// deflateInit2 is a macro. 15 + 16 window bits ask for the gzip format (RFC 1952) instead of zlib's own.
static inline int concord_gzip_init(z_stream *stream) {
    return deflateInit2(stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
}

#endif
