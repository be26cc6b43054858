/* question.h - what workers ask and only a person can answer: passwords, certificates, "was it sent?",
 * "may mail be deleted there?". Each is answered with REQUEST_ANSWER to the lane that asked; others
 * wait their turn. */
#pragma once
#include "view.h"

void question_event(Ui *ui, const Event *e); /* EVENT_QUESTION */
void questions_free(GQueue *questions); /* NULL is fine */
