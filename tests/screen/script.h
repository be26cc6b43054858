/* script.h - runs one screen script. What a script may say is listed in tests/screen/README.md. */
#pragma once
#include <glib.h>

typedef struct {
    const char *program;   /* path of pintail */
    const char *expected;  /* directory of expected screens */
    const char *servers;   /* DIR/env of the servers of this run, or NULL */
    const char *tools;     /* directory with helpers for `run`, put on PATH */
    const char *scripts;   /* directory of scripts/servers */
    const char *output;    /* directory for `svg` */
    gboolean update;       /* write expected screens instead of comparing */
    gboolean keep;         /* keep the temporary directory */
} ScriptContext;

/* NULL when the script passed; else why not, with the screen, for people. "SKIP: reason" skips. */
char *script_run(const ScriptContext *context, const char *path);
