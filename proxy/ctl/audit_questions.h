/* What an audit asks over a session, and what it learns by it. */
#ifndef PROXY_CTL_AUDIT_QUESTIONS_H
#define PROXY_CTL_AUDIT_QUESTIONS_H

#include "proxy/ctl/audit_ask.h"

/* All of it, into run->facts. */
void audit_questions(struct audit_run *r);

/* The good name, once more; false: no answer. */
bool audit_ask_once_more(struct audit_run *r);

#endif
