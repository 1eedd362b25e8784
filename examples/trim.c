/*
 * Memory pressure: when the process holds more than it should, pond_trim(NULL) drops all idle objects
 * of every pond at once and gives their pages back to the system, without waiting for the epochs.
 * The measure here is the resident memory; a cgroup's memory.events or a failed malloc do as well.
 */
#define _POSIX_C_SOURCE 200809L
#include "claim.h"
#include <pond/pond.h>
#include <string.h>
#include <unistd.h>

enum { pictures = 256, picture_bytes = 64 * 1024 };

/* Bytes of this process in memory, from the second figure of /proc/self/statm. */
static size_t resident(void)
{
    unsigned long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    CLAIM(f != NULL && fscanf(f, "%*u %lu", &pages) == 1);
    fclose(f);
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* What a server would call from its timer. Returns the bytes given back. */
static size_t relieve(size_t limit)
{
    return resident() > limit ? pond_trim(NULL) : 0;
}

int main(void)
{
    static void *held[pictures];
    const size_t limit = resident() + pictures * picture_bytes / 2;
    pond *p = pond_create(&(pond_options){.name = "pictures", .size = picture_bytes});
    CLAIM(p != NULL && relieve(limit) == 0); /* no pressure yet */

    CLAIM(pond_get_many(p, held, pictures) == pictures);
    for (int i = 0; i < pictures; i++)
        memset(held[i], i, picture_bytes);
    CLAIM(resident() > limit);
    CLAIM(relieve(limit) == 0); /* all are live: nothing to give */

    pond_put_many(p, held, pictures - 1);
    size_t before = resident();
    CLAIM_PLAIN(relieve(limit) >= (pictures - 1) * (size_t)picture_bytes);
    size_t after = resident();
    CLAIM_PLAIN(after < limit && before - after > pictures * picture_bytes / 10 * 9);

    const unsigned char *last = held[pictures - 1]; /* a live object is never touched */
    CLAIM(last[0] == pictures - 1 && last[picture_bytes - 1] == pictures - 1);
    pond_put(p, held[pictures - 1]);
    CLAIM(pond_destroy(p) == 0);
    printf("%zu KiB resident before the trim, %zu KiB after\n", before / 1024, after / 1024);
    return 0;
}
