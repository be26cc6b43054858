/* trust_private.h - private: what trust.c and trust_files.c share. */
#pragma once
#include "pintail/mime/trust.h"

/* `brief` and `reason` are taken. */
void trust_add(GPtrArray *findings, TrustLevel level, char *brief, char *reason);
/* What is wrong with the attachments. */
void trust_files(GPtrArray *findings, const Part *root, TrustBytes bytes, gpointer data);
