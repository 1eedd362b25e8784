/* SPDX-License-Identifier: BSD-2-Clause */
/* What the context of an interrupted thread says, on each platform. Nothing else looks into it. */
#ifndef POND_CONTEXT_H
#define POND_CONTEXT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <ucontext.h>

enum context_access { CONTEXT_UNKNOWN, CONTEXT_READ, CONTEXT_WRITE };

#if defined(__linux__) && (defined(__x86_64__) || defined(__i386__))

#ifdef __x86_64__
#define CONTEXT_PC REG_RIP
#else
#define CONTEXT_PC REG_EIP
#endif

static inline const void *context_pc(const ucontext_t *c)
{
    return (const void *)(uintptr_t)c->uc_mcontext.gregs[CONTEXT_PC];
}

/* Bit 1 of a page fault's error code: it was a write. */
static inline enum context_access context_access(const ucontext_t *c)
{
    return (c->uc_mcontext.gregs[REG_ERR] & 2) != 0 ? CONTEXT_WRITE : CONTEXT_READ;
}

#elif defined(__linux__) && defined(__aarch64__)

static inline const void *context_pc(const ucontext_t *c)
{
    return (const void *)(uintptr_t)c->uc_mcontext.pc;
}

#define CONTEXT_ESR_MAGIC 0x45535201u /* of the kernel's struct esr_context */
#define CONTEXT_ESR_WRITE 0x40u       /* WnR of a data abort */

/* The kernel adds records {magic, size, ...} of which one may hold the syndrome register. */
static inline enum context_access context_access(const ucontext_t *c)
{
    const unsigned char *record = c->uc_mcontext.__reserved;
    const unsigned char *end = record + sizeof(c->uc_mcontext.__reserved);
    while (end - record >= 16) {
        uint32_t head[2];
        uint64_t esr;
        memcpy(head, record, sizeof(head));
        memcpy(&esr, record + sizeof(head), sizeof(esr));
        if (head[0] == CONTEXT_ESR_MAGIC)
            return (esr & CONTEXT_ESR_WRITE) != 0 ? CONTEXT_WRITE : CONTEXT_READ;
        if (head[0] == 0 || head[1] == 0 || head[1] > (size_t)(end - record))
            break;
        record += head[1];
    }
    return CONTEXT_UNKNOWN;
}

#else

static inline const void *context_pc(const ucontext_t *c)
{
    (void)c;
    return NULL;
}

static inline enum context_access context_access(const ucontext_t *c)
{
    (void)c;
    return CONTEXT_UNKNOWN;
}

#endif

#endif
