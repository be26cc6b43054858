/* describe.h - a whole message as one JSON object: `pintail show --json`, for scripts and tests.
 * The keys are in pintail(1). Pure; any bytes give a complete object. */
#pragma once
#include <glib.h>

/* The caller owns it; valid UTF-8 JSON without a line end. */
char *message_to_json(const char *message, gsize len);
/* What is wrong or odd about the message, in English: char *, in the order of finding. */
GPtrArray *message_warnings(const char *message, gsize len);
