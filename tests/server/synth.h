/*
 * Answers made from the question alone, so that an answer given to the wrong asker is seen.
 * Section "Answers" of README.md has the rules.
 */
#ifndef TESTS_SERVER_SYNTH_H
#define TESTS_SERVER_SYNTH_H

#include <stddef.h>

struct builder;

/* opt_len: octets that the OPT record will take, for names that wish a size. */
void synth_answer(struct builder *b, size_t opt_len);

#endif
