// link: -lz
/*
 * A pond of things another library makes: with a create hook and size 0 the pond keeps pointers that
 * create makes and destroy ends. Here deflate streams of zlib: deflateInit2 allocates and clears
 * 256 KiB, deflateReset allocates nothing. The same works for ZSTD_CCtx, SSL, CURL, regex contexts.
 */
#include "claim.h"
#include <pond/pond.h>
#include <string.h>
#include <zlib.h>

static void *stream_create(void *level)
{
    z_stream *z = calloc(1, sizeof(*z));
    if (z != NULL && deflateInit2(z, *(int *)level, Z_DEFLATED, 15, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        free(z);
        z = NULL; /* errno is malloc's ENOMEM: the get that asked for a stream fails with it */
    }
    return z;
}

static bool stream_reset(void *z, void *level)
{
    (void)level;
    return deflateReset(z) == Z_OK; /* a stream that cannot be reset is dropped */
}

static void stream_destroy(void *z, pond_drop_reason why, void *level)
{
    (void)why, (void)level;
    deflateEnd(z);
    free(z);
}

/* Compresses text and proves it by uncompressing. Returns the compressed size. */
static unsigned long squeeze(pond *streams, const char *text)
{
    unsigned char small[512], back[512];
    unsigned long length = strlen(text) + 1, back_length = sizeof(back);
    z_stream *z = pond_get(streams);
    CLAIM(z != NULL);
    z->next_in = (z_const Bytef *)text;
    z->avail_in = (uInt)length;
    z->next_out = small;
    z->avail_out = sizeof(small);
    CLAIM(deflate(z, Z_FINISH) == Z_STREAM_END);
    unsigned long squeezed = z->total_out;
    pond_put(streams, z);
    CLAIM(uncompress(back, &back_length, small, squeezed) == Z_OK);
    CLAIM(back_length == length && memcmp(back, text, length) == 0);
    return squeezed;
}

int main(void)
{
    int level = 6;
    pond *streams = pond_create(&(pond_options){.name = "streams",
                                                .create = stream_create,
                                                .reset = stream_reset,
                                                .destroy = stream_destroy,
                                                .ctx = &level});
    CLAIM(streams != NULL);
    unsigned long first = squeeze(streams, "to be or not to be, to be or not to be");
    for (int i = 0; i < 200; i++)
        CLAIM(squeeze(streams, "to be or not to be, to be or not to be") == first);

    pond_stats stats;
    pond_stats_read(streams, &stats);
    CLAIM(stats.gets == 201);
    CLAIM_PLAIN(stats.constructed == 1);
    CLAIM(pond_destroy(streams) == 0);
    printf("%d texts squeezed by %d stream\n", (int)stats.gets, (int)stats.constructed);
    return 0;
}
