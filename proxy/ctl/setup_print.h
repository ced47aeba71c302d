/* What "dnsfwdctl setup" says, to people and to programs. */
#ifndef PROXY_CTL_SETUP_PRINT_H
#define PROXY_CTL_SETUP_PRINT_H

#include <stdio.h>

#include "proxy/ctl/setup.h"

/* All that was found and thought. */
struct setup_report {
	const struct setup_system *system;
	const struct setup_answer *answer;
	const struct setup_plan *plan;
	const char *obstacle; /* why it is not applied; NULL */
	bool applied;
};

void setup_print(const struct setup_report *r, FILE *out);
void setup_print_json(const struct setup_report *r, FILE *out);

/* "dnsfwd answers on 127.0.0.1:53" or what is there instead, as one sentence. */
void setup_answer_text(
	const struct setup_system *s, const struct setup_answer *a, char *out, size_t size);

#endif
