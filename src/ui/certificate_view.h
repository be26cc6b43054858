/* certificate_view.h - asks a person whether one certificate is to be trusted for one server. */
#pragma once
#include "view.h"

/* `done` is called once with REJECT, ONCE or ALWAYS, after the screen has closed (or when the program
 * ends: REJECT). `old` describes what was trusted before; or NULL. The report is referenced. */
void certificate_open(Ui *ui, TlsReport *report, const char *old,
                      void (*done)(Ui *ui, AnswerKind answer, gpointer data), gpointer data);
