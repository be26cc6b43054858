/* error.c - the one error domain; see the contract. */
#include "pintail/util/error.h"
#include <stdarg.h>

G_DEFINE_QUARK(pintail-error-quark, pintail_error)

void error_set(GError **err, PintailErrorCode code, const char *format, ...)
{
    if (!err)
        return;
    va_list args;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error_literal(err, PINTAIL_ERROR, (int)code, message);
}

void error_set_errno(GError **err, PintailErrorCode code, int number, const char *format, ...)
{
    if (!err)
        return;
    va_list args;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    g_set_error(err, PINTAIL_ERROR, (int)code, "%s: %s", message, g_strerror(number));
}

gboolean error_is(const GError *err, PintailErrorCode code)
{
    return g_error_matches(err, PINTAIL_ERROR, (int)code);
}

gboolean error_needs_person(const GError *err)
{
    return error_is(err, PINTAIL_ERROR_AUTH) || error_is(err, PINTAIL_ERROR_INVALID);
}
