/* body_tree.h - a BODYSTRUCTURE as the text that part_tree_from_text() reads. Pure. */
#pragma once
#include "pintail/proto/imap.h"

/* The caller owns it. Parts beyond PART_DEPTH_MAX or PART_COUNT_MAX are left out. */
char *body_tree_text(const ImapBody *root);
