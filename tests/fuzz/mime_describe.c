/* `pintail show --json` and what the viewer reads: valid for any bytes. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "pintail/mime/describe.h"
#include "pintail/mime/reading.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *describe_text(gpointer unused, const Part *p)
{
    return part_text_of(p, p->body, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *at = (const char *)data;
    g_autofree char *json = message_to_json(at, size);
    g_assert(g_utf8_validate(json, -1, NULL) && json[0] == '{' && json[strlen(json) - 1] == '}');
    for (const char *p = json; *p; p++)
        g_assert((unsigned char)*p >= ' ' && *p != 0x7f);
    g_autoptr(Part) root = part_parse(at, size);
    for (int html = 0; html < 2; html++) {
        ReadingResult r = reading_render(root, html, describe_text, NULL);
        g_assert(!r.missing);
        rendered_free(r.rendered);
    }
    return 0;
}
