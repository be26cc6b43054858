/* trust_line.h - who is it really: the line above a message, and why. */
#pragma once
#include "content.h"
#include "viewer_private.h"

/* On the loader's thread: what is to be known of it later. */
void trust_look(Loaded *l, Store *s, const Content *c);
/* Adds the line, when anything is out of the ordinary. */
void viewer_add_trust(Viewer *v);
