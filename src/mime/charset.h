/* charset.h - private: text in any charset to valid UTF-8, without guessing
 * against the label (charset_to_utf8() of part.h does guess). */
#pragma once
#include "pintail/util/span.h"

/* Appends `bytes` as valid UTF-8 without NUL. FALSE, and nothing appended, when the
 * charset is not known. What cannot be converted becomes U+FFFD. */
gboolean charset_append(GString *out, Span bytes, const char *charset);
/* Appends unlabelled text: UTF-8 when it is that, ISO-2022-JP when it has its escapes,
 * else windows-1252. Returns the name of what was used. */
const char *charset_append_guessed(GString *out, Span bytes);
/* Of HTML: the charset named in its first 2 KiB (meta), or NULL; the caller owns it. */
char *charset_of_html(Span html);
