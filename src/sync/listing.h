/* listing.h - which folder of an IMAP account is for what: from LIST, the account's settings, and
 * usual names. Pure. */
#pragma once
#include "pintail/conf/account.h"
#include "pintail/proto/imap.h"
#include "pintail/store/folder.h"

/* Of `folders` (ImapFolder): array of ListedFolder that borrows from them, in the same order. Each of
 * drafts, sent, archive, junk and trash is given once: to the folder that the account names, else by
 * special use (RFC 6154), else by its usual name in some language, at the top or below INBOX. */
GArray *listing_with_roles(const GPtrArray *folders, const Account *account);
/* The same; *looks counts how often a folder was looked at. */
GArray *listing_counted(const GPtrArray *folders, const Account *account, guint *looks);
