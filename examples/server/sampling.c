/* SPDX-License-Identifier: BSD-2-Clause */
#include "sampling.h"
#include "options.h"
#include <errno.h>
#include <pond/profile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sampling_switch(void)
{
    const char *words = getenv("POND_PROFILE");
    bool on = pond_profile_rate() != 0;
    if (words == NULL || strcmp(words, "off") == 0)
        words = "rate=512k";
    if (pond_profile_set(on ? "off" : words) != 0)
        fprintf(stderr, "%s: cannot set \"%s\": %s.\n", server_name, on ? "off" : words, strerror(errno));
    printf("%s: sampling is %s\n", server_name, pond_profile_rate() != 0 ? "on" : "off");
    fflush(stdout);
}
