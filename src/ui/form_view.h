/* form_view.h - setting up an account: address and password, servers guessed and tried for real, then the rc. */
#pragma once
#include "view.h"

void form_open(Ui *ui);
/* EVENT_FOLDERS: opens the INBOX of an account just set up, as soon as it is known. */
void form_event(Ui *ui, const Event *e);
