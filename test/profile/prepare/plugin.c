/* SPDX-License-Identifier: BSD-2-Clause */
/* Code that is loaded. NAME: of its function, so that there can be two. */
void NAME(void (*call)(void));

static inline __attribute__((always_inline)) void plugin_inlined(void (*call)(void))
{
    call(); /* INLINED */
    __asm__ volatile("");
}

void NAME(void (*call)(void))
{
    plugin_inlined(call); /* PLUGIN */
    __asm__ volatile("");
}
