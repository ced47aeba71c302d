/* Which library may have the datagrams of strangers. */
#include "tests/unit/cm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proxy/upstream/dtls_library.h"

#define SYSTEM "/usr/lib/x86_64-linux-gnu/libgnutls.so.30"
#define INSTALLED                                                                                  \
	"Package: libgnutls30\nStatus: install ok installed\nArchitecture: amd64\nSource: "        \
	"gnutls28\nVersion: "
#define OTHER "Package: libgnutls-dane0\nStatus: install ok installed\nVersion: 3.7.9-2+deb12u7\n\n"

static const struct {
	const char *title, *version, *path, *status;
	bool safe;
	const char *says;
} rows[] = {
	{ "upstream's", "3.8.13", SYSTEM, NULL, true, NULL },
	{ "newer", "3.8.14", SYSTEM, NULL, true, NULL },
	{ "much newer", "3.10.0", "/usr/local/lib/libgnutls.so.30", NULL, true, NULL },
	{ "the next one", "4.0.0", NULL, NULL, true, NULL },
	{ "older", "3.8.12", SYSTEM, NULL, false, "GnuTLS 3.8.12 has" },
	{ "as text it would be newer", "3.8.9", SYSTEM, NULL, false, "needed is 3.8.13" },
	{ "no version", "", SYSTEM, NULL, false, "needed is 3.8.13" },
	{ "no number", "3.x.99", SYSTEM, NULL, false, "needed is 3.8.13" },

	{ "Debian 12, mended", "3.7.9", SYSTEM, OTHER INSTALLED "3.7.9-2+deb12u7\n\n" OTHER, true,
		NULL },
	{ "at the end of the list", "3.7.9", SYSTEM, OTHER INSTALLED "3.7.9-2+deb12u7", true,
		NULL },
	{ "later", "3.7.9", SYSTEM, INSTALLED "3.7.9-2+deb12u10\n", true, NULL },
	{ "built again", "3.7.9", SYSTEM, INSTALLED "3.7.9-2+deb12u8+b2\n", true, NULL },
	{ "in /lib", "3.7.9", "/lib/x86_64-linux-gnu/libgnutls.so.30",
		INSTALLED "3.7.9-2+deb12u7\n", true, NULL },
	{ "held", "3.7.9", SYSTEM,
		"Package: libgnutls30\nStatus: hold ok installed\nVersion: 3.7.9-2+deb12u7\n", true,
		NULL },
	{ "one before", "3.7.9", SYSTEM, INSTALLED "3.7.9-2+deb12u6\n", false,
		"(package 3.7.9-2+deb12u6)" },
	{ "as released", "3.7.9", SYSTEM, INSTALLED "3.7.9-2\n", false, "(package 3.7.9-2)" },
	{ "no number of an update", "3.7.9", SYSTEM, INSTALLED "3.7.9-2+deb12u\n", false, "" },
	{ "what sorts before", "3.7.9", SYSTEM, INSTALLED "3.7.9-2+deb12u7~bpo11+1\n", false, "" },
	{ "somebody's own", "3.7.9", SYSTEM, INSTALLED "3.7.9-2+deb12u7local\n", false, "" },
	{ "of another release", "3.8.9", SYSTEM, INSTALLED "3.8.9-3+deb13u9\n", false,
		"(package 3.8.9-3+deb13u9)" },
	{ "Ubuntu's", "3.7.3", SYSTEM, INSTALLED "3.7.3-4ubuntu1.9\n", false, "" },
	{ "removed", "3.7.9", SYSTEM,
		"Package: libgnutls30\nStatus: deinstall ok config-files\nVersion: "
		"3.7.9-2+deb12u7\n",
		false, "GnuTLS 3.7.9 has" },
	{ "another package's version", "3.7.9", SYSTEM, OTHER, false, "GnuTLS 3.7.9 has" },
	{ "a name that only begins so", "3.7.9", SYSTEM,
		"Package: libgnutls30-extra\nStatus: install ok installed\nVersion: "
		"3.7.9-2+deb12u7\n",
		false, "GnuTLS 3.7.9 has" },
	{ "two, one not mended", "3.7.9", SYSTEM,
		INSTALLED "3.7.9-2+deb12u7\n\n" INSTALLED "3.7.9-2+deb12u5\n", false, "deb12u5" },
	{ "two, the other way round", "3.7.9", SYSTEM,
		INSTALLED "3.7.9-2+deb12u5\n\n" INSTALLED "3.7.9-2+deb12u7\n", false, "deb12u5" },
	{ "a package that is not what runs", "3.7.8", SYSTEM, INSTALLED "3.7.9-2+deb12u7\n", false,
		"GnuTLS 3.7.8 (package" },
	{ "built by hand beside the package", "3.7.9", "/usr/local/lib/libgnutls.so.30",
		INSTALLED "3.7.9-2+deb12u7\n", false, "GnuTLS 3.7.9 has" },
	{ "from nobody knows where", "3.7.9", NULL, INSTALLED "3.7.9-2+deb12u7\n", false,
		"GnuTLS 3.7.9 has" },
	{ "no list", "3.7.9", SYSTEM, NULL, false, "GnuTLS 3.7.9 has" },
	{ "an empty list", "3.7.9", SYSTEM, "", false, "GnuTLS 3.7.9 has" },
};

static void write_status(const char *path, const char *text)
{
	FILE *f = text ? fopen(path, "w") : NULL;

	if (!text) {
		unlink(path);
		return;
	}
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static void test_rows(void **state)
{
	char path[] = "/tmp/dnsfwd-dpkg-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct dtls_library l = { rows[i].version, rows[i].path, path };
		char why[DTLS_LIBRARY_WHY_MAX] = "";

		write_status(path, rows[i].status);
		expect_int(rows[i].title, dtls_library_judge(&l, why), rows[i].safe);
		if (!rows[i].safe && !strstr(why, rows[i].says))
			fail_msg("%s: \"%s\"", rows[i].title, why);
		expect(rows[i].title, rows[i].safe == (why[0] == '\0'));
	}
	unlink(path);
}

/* Whatever it is, here: a refusal has a reason. */
static void test_this_one(void **state)
{
	const char *why = NULL;
	bool safe = dtls_library_is_safe(&why);

	(void)state;
	assert_non_null(why);
	assert_int_equal(safe, why[0] == '\0');
	print_message("this library: %s\n", safe ? "safe" : why);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_this_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
