/* picker_view.h - choose one of many: type to filter, Enter chooses. */
#pragma once
#include "view.h"

typedef struct {
    char *text, *note;
    gint64 id;
    gboolean heading; /* cannot be chosen */
    Style style;
} Choice;

/* Owns `choices` (of Choice, g_free'd with their texts). `chosen` gets the id after the view has closed. */
View *picker_view_new(Ui *ui, const char *title, GPtrArray *choices_take,
                      void (*chosen)(Ui *ui, gint64 id, gpointer data), gpointer data);
GPtrArray *choices_new(void);
Choice *choices_add(GPtrArray *choices, gint64 id, const char *text, const char *note);
