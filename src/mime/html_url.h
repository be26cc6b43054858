/* html_url.h - private: what a link or picture of a mail leads to. Pure. */
#pragma once
#include <glib.h>

/* The host of an absolute http(s) URL, or of "//host/…", lower case and in ASCII form; "" for a host
 * that is none; NULL when the URL has no host. What stands before "@" is no host. The caller owns it. */
char *url_host(const char *url);
gboolean url_is_web(const char *url);
/* `href` seen from `base` (may be NULL): absolute, or NULL when it cannot be made so. */
char *url_resolve(const char *base, const char *href);
/* Does the link go through something that counts clicks? *target (may be NULL): where it goes in the end,
 * when the link says it itself; NULL otherwise. The caller owns it. */
gboolean url_counts_clicks(const char *url, char **target);
/* Is the picture at `url` made for one reader only? By its shape; a picture of no size is one anyway. */
gboolean url_counts_readers(const char *url);
/* The host that `text` names, when it looks like an address of the web as a whole; NULL. The caller owns it. */
char *url_named_host(const char *text);
/* The same organisation's, as far as names can tell: equal, one below the other, or with the same domain. */
gboolean url_same_site(const char *host, const char *other);
/* Does the text say what the link is, so that repeating it would tell nothing? */
gboolean url_is_said_by(const char *url, const char *text);
