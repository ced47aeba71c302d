/* What the rows of the table in actions.c do, by the file that does it. */
#ifndef TESTS_SERVER_ACTIONS_H
#define TESTS_SERVER_ACTIONS_H

#include "tests/server/action.h"

/* spoil.c: header and question */
void spoil_id(struct reply *r, const struct action *a);
void spoil_name(struct reply *r, const struct action *a);
void spoil_type(struct reply *r, const struct action *a);
void spoil_class(struct reply *r, const struct action *a);
void spoil_case(struct reply *r, const struct action *a);
void spoil_qr(struct reply *r, const struct action *a);
void spoil_opcode(struct reply *r, const struct action *a);
void spoil_no_question(struct reply *r, const struct action *a);
void spoil_two_questions(struct reply *r, const struct action *a);
void spoil_tc(struct reply *r, const struct action *a);
void spoil_nodata(struct reply *r, const struct action *a);
void spoil_rcode(struct reply *r, const struct action *a);

/* spoil_bytes.c: length and content, whatever it means */
void spoil_short(struct reply *r, const struct action *a);
void spoil_trailing(struct reply *r, const struct action *a);
void spoil_hex(struct reply *r, const struct action *a);
void spoil_mutate(struct reply *r, const struct action *a);

/* spoil_opt.c: EDNS and records */
void spoil_no_opt(struct reply *r, const struct action *a);
void spoil_opt_twice(struct reply *r, const struct action *a);
void spoil_opt_in_answer(struct reply *r, const struct action *a);
void spoil_opt_not_last(struct reply *r, const struct action *a);
void spoil_keepalive(struct reply *r, const struct action *a);
void spoil_ede(struct reply *r, const struct action *a);
void spoil_extra(struct reply *r, const struct action *a);
void spoil_option(struct reply *r, const struct action *a);
void spoil_cookie(struct reply *r, const struct action *a);

#endif
