#include "tests/server/actions.h"

#include "tests/server/limits.h"
#include "tests/server/value.h"

static void do_good(struct reply *r, const struct action *a)
{
	(void)r;
	(void)a;
}

static void do_none(struct reply *r, const struct action *a)
{
	(void)a;
	r->how.none = true;
}

static void do_delay(struct reply *r, const struct action *a)
{
	size_t span = (size_t)(a->b - a->a) + 1;

	r->how.delay_ms = (uint32_t)a->a + (uint32_t)random_below(r->random, span);
}

static void do_duplicate(struct reply *r, const struct action *a)
{
	r->how.copies = (uint32_t)a->a;
}

static void do_shuffle(struct reply *r, const struct action *a)
{
	r->how.shuffle = (uint32_t)a->a;
	r->how.shuffle_ms = a->b ? (uint32_t)a->b : 50;
}

static void do_bytes(struct reply *r, const struct action *a)
{
	r->how.record_len = (uint32_t)a->a;
}

static void do_rate(struct reply *r, const struct action *a)
{
	r->how.rate = (uint32_t)a->a;
}

static void do_noise(struct reply *r, const struct action *a)
{
	r->how.noise = (uint32_t)a->a;
}

static void do_before(struct reply *r, const struct action *a)
{
	r->how.before = (enum aside)a->a;
	r->how.before_times = (uint32_t)a->b;
}

static void do_prefix(struct reply *r, const struct action *a)
{
	r->how.lies = true;
	r->how.prefix = (uint16_t)a->a;
}

static void do_cut(struct reply *r, const struct action *a)
{
	r->how.cut = a->a < 0 ? (r->len + 2) / 2 : (size_t)a->a;
	r->how.cut_how = a->how;
}

static void do_close(struct reply *r, const struct action *a)
{
	r->how.then = a->how;
}

static void accept_refuse(struct limits *l, const struct action *a)
{
	l->refuse_how = a->how;
}

static void accept_garbage(struct limits *l, const struct action *a)
{
	l->garbage = (uint32_t)a->a;
	l->refuse_how = a->how;
}

static void accept_stall(struct limits *l, const struct action *a)
{
	l->stall = true;
	l->stall_ms = (uint32_t)a->a;
}

static void accept_plaintext(struct limits *l, const struct action *a)
{
	(void)a;
	l->plaintext = true;
}

static void accept_handshake(struct limits *l, const struct action *a)
{
	l->handshake_how = a->how;
}

static void accept_life(struct limits *l, const struct action *a)
{
	l->life_ms = (uint32_t)a->a;
	l->life_how = a->how;
}

static void accept_idle(struct limits *l, const struct action *a)
{
	accept_life(l, a);
	l->idle = true;
}

static void accept_answers(struct limits *l, const struct action *a)
{
	l->answers = (uint64_t)a->a;
	l->answers_how = a->how;
}

static void accept_queries(struct limits *l, const struct action *a)
{
	l->queries = (uint64_t)a->a;
	l->queries_how = a->how;
}

const struct action_row action_rows[] = {
	/* whether, when and how an answer goes out */
	{ "good", value_none, do_good, NULL, "" },
	{ "none", value_none, do_none, NULL, "" },
	{ "drop", value_none, do_none, NULL, "" },
	{ "delay", value_range, do_delay, NULL, "MS|MS-MS" },
	{ "dup", value_number_or_one, do_duplicate, NULL, "[N]" },
	{ "shuffle", value_pair, do_shuffle, NULL, "N[/MS]" },
	{ "bytes", value_number_or_one, do_bytes, NULL, "[N]" },
	{ "rate", value_number, do_rate, NULL, "OCTETS" },
	{ "noise", value_number_or_one, do_noise, NULL, "[N]" },
	{ "before", value_aside, do_before, NULL, "WHAT[/N]" },
	{ "prefix", value_number, do_prefix, NULL, "N" },
	{ "cut", value_cut, do_cut, NULL, "K|half[/HOW]" },
	{ "close", value_how, do_close, NULL, "[HOW]" },
	/* what is wrong in it */
	{ "wrong-id", value_number_or_one, spoil_id, NULL, "[N]" },
	{ "wrong-name", value_none, spoil_name, NULL, "" },
	{ "wrong-type", value_type, spoil_type, NULL, "[TYPE]" },
	{ "wrong-class", value_none, spoil_class, NULL, "" },
	{ "flip-case", value_none, spoil_case, NULL, "" },
	{ "qr0", value_none, spoil_qr, NULL, "" },
	{ "opcode", value_number, spoil_opcode, NULL, "N" },
	{ "no-question", value_none, spoil_no_question, NULL, "" },
	{ "two-questions", value_none, spoil_two_questions, NULL, "" },
	{ "tc", value_none, spoil_tc, NULL, "" },
	{ "nodata", value_none, spoil_nodata, NULL, "" },
	{ "rcode", value_rcode, spoil_rcode, NULL, "N|NAME" },
	{ "short", value_number, spoil_short, NULL, "N" },
	{ "trailing", value_number_or_one, spoil_trailing, NULL, "[N]" },
	{ "hex", value_text, spoil_hex, NULL, "HEX" },
	{ "mutate", value_mutation, spoil_mutate, NULL, "[SEED[/KIND]]" },
	{ "no-opt", value_none, spoil_no_opt, NULL, "" },
	{ "opt-twice", value_none, spoil_opt_twice, NULL, "" },
	{ "opt-in-answer", value_none, spoil_opt_in_answer, NULL, "" },
	{ "opt-not-last", value_none, spoil_opt_not_last, NULL, "" },
	{ "keepalive", value_number, spoil_keepalive, NULL, "N" },
	{ "ede", value_pair, spoil_ede, NULL, "CODE[/LENGTH]" },
	{ "option", value_text, spoil_option, NULL, "CODE/HEX" },
	{ "cookie", value_text, spoil_cookie, NULL, "none|wrong|N|good[/HEX]" },
	{ "extra", value_text, spoil_extra, NULL, "SECTION/NAME/TYPE/HEX" },
	/* what a connection meets from the start */
	{ "refuse", value_how, NULL, accept_refuse, "[HOW]" },
	{ "garbage", value_number_how, NULL, accept_garbage, "N[/HOW]" },
	{ "stall", value_number_or_zero, NULL, accept_stall, "[MS]" },
	{ "plaintext", value_none, NULL, accept_plaintext, "" },
	{ "handshake", value_how, NULL, accept_handshake, "[HOW]" },
	{ "life", value_number_how, NULL, accept_life, "MS[/HOW]" },
	{ "idle", value_number_how, NULL, accept_idle, "MS[/HOW]" },
	{ "answers", value_number_how, NULL, accept_answers, "N[/HOW]" },
	{ "queries", value_number_how, NULL, accept_queries, "N[/HOW]" },
	{ NULL, NULL, NULL, NULL, NULL },
};
