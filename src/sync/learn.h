/* learn.h - teaching the person's own filter what is junk: junk-command and ham-command. */
#pragma once
#include "worker.h"

/* REQUEST_LEARN: gives the message to the command r->section on its standard input. Says only what failed. */
void learn_run(Worker *w, const Request *r);
