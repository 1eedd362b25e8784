/* SPDX-License-Identifier: BSD-2-Clause */
/* A kernel, or a container's filter, that refuses membarrier. */
#ifndef TEST_SUPPORT_MEMBARRIER_H
#define TEST_SUPPORT_MEMBARRIER_H

/* From here on membarrier fails with EPERM, in this thread and those it creates. */
void membarrier_refuse(void);

#endif
