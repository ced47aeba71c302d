/* cmocka with what it wants included before it, and assertions that name the row of a table. */
#ifndef TESTS_UNIT_CM_H
#define TESTS_UNIT_CM_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT_OF(table) (sizeof(table) / sizeof((table)[0]))

#define expect(row, condition)                                                                     \
	do {                                                                                       \
		if (!(condition))                                                                  \
			fail_msg("%s: %s", row, #condition);                                       \
	} while (0)

#define expect_int(row, got, want)                                                                 \
	do {                                                                                       \
		long long got_ = (long long)(got), want_ll_ = (long long)(want);                   \
		if (got_ != want_ll_)                                                              \
			fail_msg("%s: %s is %lld, not %lld", row, #got, got_, want_ll_);           \
	} while (0)

#endif
