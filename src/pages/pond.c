/* SPDX-License-Identifier: BSD-2-Clause */
/* /debug/pond: one view, in three forms. */
#include "pages.h"
#include <errno.h>
#include <string.h>

#define FASTER_MOST 1000

enum { FORM_HTML, FORM_JSON, FORM_TEXT, FORMS };

static int form_asked_for(const struct request *r)
{
    static const char *const names[FORMS] = {"html", "json", "text"};
    char name[8];
    int form = FORM_HTML;
    if (query_value(r, "format", name, sizeof name))
        while (form < FORMS && strcmp(name, names[form]) != 0)
            form++;
    return form;
}

static bool make(struct bytes *to, struct view *v, const struct request *r, int form)
{
    static const char *const types[FORMS] = {"text/html; charset=utf-8", "application/json", TYPE_TEXT};
    r->answer->type = types[form];
    if (form == FORM_HTML) {
        r->answer->headers = page_headers;
        return form_html(to, v, r);
    }
    if (form == FORM_JSON)
        return form_json(to, v);
    bool made = form_text(to, &v->snapshot, &v->places);
    if (!made)
        errno = ENOMEM;
    return made;
}

bool page_pond(struct bytes *to, const struct request *r)
{
    struct view v;
    unsigned faster;
    int form = form_asked_for(r);
    if (!query_number(r, "fast", FASTER_MOST, &faster))
        return refuse(to, r, 400,
                      "fast is a whole number: by so many times faster the judge takes the clock to go.");
    if (form == FORMS)
        return refuse(to, r, 400, "format is html, json or text.");
    bool made = view_open(&v, r->source, faster > 0 ? faster : 1) && make(to, &v, r, form);
    int error = errno;
    if (made && !r->head && (r->answer->allow & POND_ANSWER_MAY_REFINE) != 0)
        verdicts_refine(&v);
    view_close(&v);
    errno = error;
    return made;
}
