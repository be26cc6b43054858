/* folder_facts.h - what a server says of folders beside their mail: namespaces, rights, quota. */
#pragma once
#include "imap_sync.h"

/* With a LIST: keeps the namespaces, and marks which folders are other people's or shared. `listed` is
 * of ListedFolder. */
gboolean folder_facts_listed(Worker *w, const ImapSession *session, GArray *listed, GError **err);
/* Before what was listed (of ImapFolder) is believed: where a folder is missing and another is new, the new
 * ones are asked who they are, in case they were renamed (RFC 8474). */
gboolean folder_facts_identify(SyncLane *l, const GPtrArray *folders, GError **err);
/* When nothing else is to be done: identities that are not known; rights in folders that are not the person's own, where they are not
 * known, and all of it once an hour; the quota likewise. What a server refuses is not asked again before. */
gboolean folder_facts_ask(SyncLane *l, GError **err);
