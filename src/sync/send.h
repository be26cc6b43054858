/* send.h - what an answer of the submission server means for an outbox entry. Pure; the lane
 * that uses it is send_lane() (lane.h). */
#pragma once
#include "pintail/proto/smtp.h"
#include "pintail/store/outbox.h"

typedef struct {
    OutboxState state;
    gint64 pause; /* seconds before the next attempt; 0: none is made, or at once */
    char *words;  /* for the person; the caller owns it */
} SendVerdict;

/* Writes the recipients' states and words into `e`, and says what becomes of it. `failure` is
 * smtp_send()'s error, NULL with SENT. */
SendVerdict send_judge(OutboxEntry *e, const SmtpResult *result, const GError *failure);
/* 1, 5, 15, 30 minutes, then 1, 2 and 4 hours: the pause after so many attempts. */
gint64 send_pause(guint attempts);
