/* SPDX-License-Identifier: BSD-2-Clause */
/* A plugin with a copy of the library of its own: used by the host's threads, then unloaded. */
#include <pond/pond.h>

#include <stddef.h>

int plugin_use(void);
int plugin_end(void);

static pond *rows;

int plugin_use(void)
{
    pond *none = NULL;
    pond *made = __atomic_load_n(&rows, __ATOMIC_ACQUIRE);
    if (made == NULL) {
        made = pond_create(&(pond_options){.name = "rows", .size = 64});
        if (made != NULL &&
            !__atomic_compare_exchange_n(&rows, &none, made, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) {
            (void)pond_destroy(made);
            made = none;
        }
    }
    void *row = made == NULL ? NULL : pond_get(made);
    if (row == NULL)
        return -1;
    pond_put(made, row);
    return 0;
}

int plugin_end(void)
{
    return pond_destroy(rows);
}
