/* account_same.h - would a worker of `a` behave as one of `b`? Pure. */
#pragma once
#include "pintail/conf/account.h"

gboolean account_same(const Account *a, const Account *b);
