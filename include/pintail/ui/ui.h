/* ui.h - the screen: runs the main loop on the calling (main) thread until the
 * person leaves. Reads the store, hands changes to its writer thread, requests to the bus. */
#pragma once
#include "pintail/bus/bus.h"
#include "pintail/conf/conf.h"
#include "pintail/store/store.h"

typedef enum {
    UI_READ_ONLY = 1 << 0, /* -R */
    UI_NO_ACCOUNT = 1 << 1, /* no rc: begin with the form */
} UiFlags;

typedef struct UiOptions {
    Conf *conf;
    Bus *bus;
    StoreHome *home;
    UiFlags flags;
    gint64 open_folder;      /* -f PATH; 0: the first account's INBOX */
    const char *mailto;      /* begin with writing this; or NULL */
    const char *notice;      /* shown at first: what opening the store had to say; or NULL */
    /* After the first screen has been drawn: starts the engine. `data` is the caller's. */
    void (*first_screen)(void *data);
    /* Leaving: stops the engine, at most 2 s. */
    void (*leaving)(void *data);
    /* Accounts were added or the rc was read again: the store's accounts are made, the engine reloads. */
    void (*accounts_changed)(void *data);
    void *data;
} UiOptions;

/* The exit status. Errors before the screen is up go to standard error. */
int ui_run(const UiOptions *options);
/* Contexts, commands, elements for conf's checks, and key and style syntax; no terminal needed. */
void ui_register(Conf *conf);
