/* trust.h - who is it really: what about a message is not what it seems.
 *
 * In two steps, because the mail is read by a thread that knows no settings: trust_survey() looks at
 * header, text and parts; trust_judge() adds whose server may be believed and says it. Pure, linear, any
 * thread; a survey is immutable. Nothing here proves that a message is honest. */
#pragma once
#include "pintail/mime/envelope.h"
#include "pintail/mime/part.h"
#include "pintail/mime/render.h"

typedef enum {
    TRUST_FACT,    /* told only to who asks why */
    TRUST_NOTE,    /* out of the ordinary: a quiet line */
    TRUST_WARNING, /* red */
} TrustLevel;

typedef struct {
    TrustLevel level;
    char *brief;  /* a few words; may hold any character of the message */
    char *reason; /* a sentence or two */
} TrustFinding;

typedef struct TrustSurvey TrustSurvey;

/* The first bytes of a part, decoded, or NULL when they are not here. The caller owns them. */
typedef GBytes *(*TrustBytes)(gpointer data, const Part *p);

/* `header`: of the whole message. `text` (NULL: not here) and `root` as they are shown. */
TrustSurvey *trust_survey(Span header, const Envelope *e, const Rendered *text, const Part *root,
                          TrustBytes bytes, gpointer data);
void trust_survey_free(TrustSurvey *s);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TrustSurvey, trust_survey_free)

/* What the account says. */
typedef struct {
    const char *host;          /* of the incoming server; NULL: none */
    const GPtrArray *servers;  /* of char *: further ids of servers that are believed; "none" alone: nobody is; NULL */
    const GPtrArray *own;      /* of Address: the person's; NULL */
} TrustFacts;

/* Of TrustFinding, what matters most first; never NULL. The caller owns it. */
GPtrArray *trust_judge(const TrustSurvey *s, const TrustFacts *facts);

/* ---- hosts: trust_host.c ---- */
typedef enum {
    HOST_PLAIN,
    HOST_INTERNATIONAL, /* letters beyond ASCII, of one kind of writing */
    HOST_MIXED,         /* a name of two kinds of writing that are not used together, or of no valid letters */
    HOST_CONFUSABLE,    /* every letter of a part of it looks like a Latin one, and none is */
} HostKind;
/* Both forms are the caller's; where one cannot be had, it is the other. May be NULL. */
HostKind host_kind(const char *host, char **ascii, char **unicode);
/* Letters that look like others as those others: 0 and o, rn and m, Cyrillic and Latin. The caller owns it. */
char *host_skeleton(const char *host);

/* ---- RFC 8601: trust_auth.c ---- */
typedef enum { AUTH_NONE, AUTH_PASS, AUTH_FAIL, AUTH_SOFTFAIL, AUTH_ERROR } AuthResult;
typedef struct {
    char *server; /* authserv-id, lower case; NULL: there is no such field, or it cannot be read */
    struct AuthMethod {
        AuthResult result; /* the best, where a method is named several times */
        char *domain;      /* that it is about: header.d, header.from, smtp.mailfrom; NULL */
    } dkim, spf, dmarc;
} AuthResults;
/* `value`: of one Authentication-Results field. Of several DKIM signatures that of `from_domain` counts,
 * else the first that passed. */
void auth_results_parse(const char *value, const char *from_domain, AuthResults *out);
void auth_results_clear(AuthResults *r);
