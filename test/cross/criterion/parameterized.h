/* SPDX-License-Identifier: BSD-2-Clause */
/* It is all in criterion.h. */
#include "criterion.h"
