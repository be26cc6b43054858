/* server_guess.h - likely servers of a mail address, best first; nothing is asked of the network here. */
#pragma once
#include "pintail/util/endpoint.h"

/* URLs without user ("imaps://imap.example.org"), array of char *. */
GPtrArray *server_guesses(const char *address, Protocol protocol);
/* What the provider wants to be told when it refuses a password ("app password"…); NULL. Translated. */
const char *provider_hint(const char *address);
/* For sending, when the person has named the server of incoming mail. */
GPtrArray *server_guesses_beside(const char *typed);
/* As a person would write it: without the usual scheme. The caller owns it. */
char *server_short(const char *url, Protocol protocol);
/* What was typed as a whole URL: scheme and user added where they are missing. */
char *server_complete(const char *typed, Protocol protocol, const char *user);
/* A short name for the account: "example" of ada@mail.example.org; letters, digits and '-'. */
char *account_name_guess(const char *address);
