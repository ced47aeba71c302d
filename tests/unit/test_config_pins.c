/* Authentication of upstreams as it is configured: pins, profiles, and what may stand side by side. */
#include "common/config/config.h"

#include "tests/unit/config_case.h"
#include "tests/unit/hex.h"

#define HEX  "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
#define HEX2 "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d"

static struct config *load_pins(const char *pins)
{
	char text[2000];

	snprintf(text, sizeof text,
		"forward = [ \"home\" ]\n"
		"upstream = ( { name = \"home\", address = \"192.0.2.1\",\n"
		"pin-sha256 = %s } )",
		pins);
	return load(text);
}

static void test_pins_are_octets(void **state)
{
	struct config *c = load_pins("[ \"" PIN "\", \"" PIN2 "\" ]");

	(void)state;
	assert_non_null(c);
	assert_int_equal(c->forward[0].pin_count, 2);
	assert_hex("first", c->forward[0].pins[0], CONFIG_PIN_OCTETS, HEX);
	assert_hex("second", c->forward[0].pins[1], CONFIG_PIN_OCTETS, HEX2);
	/* Without auth-name and with one pin: nothing to warn of. */
	assert_null(c->forward[0].auth_name);
	assert_int_equal(c->warnings.count, 0);
	config_unref(c);
	c = load_pins("\"" PIN "\"");
	assert_non_null(c);
	assert_int_equal(c->forward[0].pin_count, 1);
	assert_int_equal(c->warnings.count, 0);
	config_unref(c);
}

#define ODD                                                                                        \
	"this is not the base64 of 32 octets: a character is wrong, perhaps one was not copied "   \
	"well"
#define HEXADECIMAL "this is hexadecimal: write the same digest in base64, 44 characters"

static const struct {
	const char *pin, *refused;
} rows[] = {
	{ "", "its length is 0: the base64 of a SHA-256 digest has 44 characters, the last one is "
	      "=" },
	{ "x", "its length is 1: " },
	{ "ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs", "the = at its end is missing" },
	{ "ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSL=", "its length is 43: " },
	{ "ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLt", "its length is 43: " },
	{ "ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLs==", "its length is 45: " },
	{ " " PIN, "its length is 45: " },
	{ "sha256//" PIN, "its length is 52: " },
	{ PIN PIN, "its length is 88: " },
	{ "ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLt=", ODD }, /* not canonical */
	{ "ypeBEsobvcr6wjGzmiPcTaeG7_gUfE5yuYB3ha_uSLs=", ODD },
	{ "ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSg==", ODD }, /* 31 octets */
	{ "ypeBEsobvcr6wjGzmiPcTaeG7/gUfE5yuYB3ha/uSLsA", ODD }, /* 33 octets */
	{ "ypeBEsobvcr6wjGzmiPcTaeG7/ UfE5yuYB3ha/uSLs=", ODD },
	{ HEX, HEXADECIMAL },
	{ "CA978112CA1BBDCAFAC231B39A23DC4DA786EFF8147C4E72B9807785AFEE48BB", HEXADECIMAL },
	{ "ca:97:81:12:ca:1b:bd:ca:fa:c2:31:b3:9a:23:dc:4d:"
	  "a7:86:ef:f8:14:7c:4e:72:b9:80:77:85:af:ee:48:bb",
		HEXADECIMAL },
	{ "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48", "its length is 62: " },
};

static void test_refused_pins(void **state)
{
	char pins[200], wanted[400];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		snprintf(pins, sizeof pins, "[ \"" PIN2 "\",\n\"%s\" ]", rows[i].pin);
		snprintf(wanted, sizeof wanted,
			"dnsfwd.conf:4: option \"pin-sha256\": value \"%.80s\": %s", rows[i].pin,
			rows[i].refused);
		if (load_pins(pins))
			fail_msg("%s was accepted", pins);
		expect_int(pins, errors.count, 1);
		if (strncmp(errors.text[0], wanted, strlen(wanted)) != 0)
			fail_msg("%s\nis not: %s", errors.text[0], wanted);
	}
	assert_null(load_pins("[ \"" PIN "\", \"" PIN2 "\", \"" PIN "\" ]"));
	assert_int_equal(errors.count, 1);
	assert_string_equal(errors.text[0], "dnsfwd.conf:3: option \"pin-sha256\": value \"" PIN
					    "\": this pin is listed already");
}

/* They differ in their first character. */
static void many_pins(unsigned count, char *text, size_t size)
{
	size_t len = (size_t)snprintf(text, size, "[ ");

	for (unsigned i = 0; i < count; i++)
		len += (size_t)snprintf(text + len, size - len, "%s\"%c%s\"", i > 0 ? ", " : "",
			'A' + (int)i, &PIN[1]);
	snprintf(text + len, size - len, " ]");
}

static void test_count_of_pins(void **state)
{
	char text[1500];
	struct config *c;

	(void)state;
	many_pins(16, text, sizeof text);
	c = load_pins(text);
	assert_non_null(c);
	assert_int_equal(c->forward[0].pin_count, 16);
	config_unref(c);
	many_pins(17, text, sizeof text);
	assert_null(load_pins(text));
	assert_int_equal(errors.count, 1);
	assert_string_equal(errors.text[0],
		"dnsfwd.conf:3: option \"pin-sha256\": 17 entries: at most 16 are allowed");
}

static const char group_text[] =
	"upstream = ( { name = \"plain\", address = \"192.0.2.1\", auth-name = \"a.example\" },\n"
	"{ name = \"pin\", address = \"192.0.2.1\", auth-name = \"a.example\", pin-sha256 = \"" PIN
	"\" },\n"
	"{ name = \"pin2\", address = \"192.0.2.1\", auth-name = \"a.example\", pin-sha256 = "
	"\"" PIN2 "\" },\n"
	"{ name = \"both\", address = [ \"192.0.2.2\", \"192.0.2.1\" ], auth-name = "
	"\"A.example\",\n"
	"pin-sha256 = [ \"" PIN "\", \"" PIN2 "\" ] },\n"
	"{ name = \"turned\", address = \"192.0.2.1\", auth-name = \"a.example\",\n"
	"pin-sha256 = [ \"" PIN2 "\", \"" PIN "\" ], session-tickets = false },\n"
	"{ name = \"bundle\", address = \"192.0.2.1\", auth-name = \"a.example\", tls-cert-bundle "
	"= \"/a\" },\n"
	"{ name = \"Bundle\", address = \"192.0.2.1\", auth-name = \"a.example\", tls-cert-bundle "
	"= \"/A\" },\n"
	"{ name = \"empty\", address = \"192.0.2.1\", auth-name = \"a.example\", tls-cert-bundle = "
	"\"\" },\n"
	"{ name = \"open\", address = \"192.0.2.1\", auth-name = \"a.example\", profile = "
	"\"opportunistic\" },\n"
	"{ name = \"open2\", address = \"192.0.2.2\", profile = \"opportunistic\", pin-sha256 = "
	"\"" PIN "\" },\n"
	"{ name = \"open3\", address = \"192.0.2.1\", auth-name = \"a.example\", profile = "
	"\"opportunistic\" } )\n";

#define LISTED(name) "it is listed already, as \"" name "\""
#define MIXED(name, profile, first, first_profile)                                                 \
	"dnsfwd.conf:1: option \"forward\": value \"" name "\": its profile is " profile           \
	", but " first " is " first_profile ": all that forward lists must have one profile"
#define WARNED(name)                                                                               \
	"dnsfwd.conf:1: forward: " name                                                            \
	" is opportunistic: encrypted but not authenticated if its "                               \
	"certificate does not fit: whoever is on the path can answer"

/* Either refused, or taken with at most one warning. */
static const struct {
	const char *entries, *refused, *warning;
} group_rows[] = {
	{ "\"plain\", \"pin\", \"pin2\", \"both\"", NULL, NULL },
	{ "\"plain\", \"bundle\", \"Bundle\", \"pin\"", NULL, NULL },
	{ "\"192.0.2.1#a.example\", \"pin\"", NULL, NULL },
	{ "\"192.0.2.1#a.example\", \"plain\"", LISTED("192.0.2.1#a.example"), NULL },
	{ "\"plain\", \"empty\"", LISTED("plain"), NULL },
	{ "\"pin\", \"pin\"", LISTED("pin"), NULL },
	{ "\"both\", \"turned\"", LISTED("both"), NULL },
	{ "\"open\", \"open3\"", LISTED("open"), NULL },

	{ "\"plain\", \"open\"", MIXED("open", "opportunistic", "plain", "strict"), NULL },
	{ "\"open2\", \"quad9\"", MIXED("quad9", "strict", "open2", "opportunistic"), NULL },
	{ "\"quad9\", \"open\", \"pin\", \"open2\"",
		MIXED("open", "opportunistic", "quad9", "strict"), NULL },

	{ "\"open\"", NULL, WARNED("open") },
	{ "\"open2\", \"open\"", NULL, WARNED("open2") },
};

static void test_groups(void **state)
{
	char text[3000];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(group_rows); i++) {
		struct config *c;

		snprintf(text, sizeof text, "forward = [ %s ]\n%s", group_rows[i].entries,
			group_text);
		if (group_rows[i].refused) {
			check_refused(text, group_rows[i].refused);
			continue;
		}
		c = load_good(text);
		expect_int(text, lasting_warnings(c), group_rows[i].warning ? 1 : 0);
		if (group_rows[i].warning)
			assert_string_equal(c->warnings.text[0], group_rows[i].warning);
		config_unref(c);
	}
}

/* One complaint for one mistake: a profile that cannot be read is of no kind. */
static void test_profile_is_told_once(void **state)
{
	(void)state;
	check_refused(
		"forward = [ \"a\", \"b\" ]\n"
		"upstream = ( { name = \"a\", address = \"::1\", profile = \"opportunistic\" },\n"
		"{ name = \"b\", address = \"::2\", profile = \"Opportunistic\" } )",
		"dnsfwd.conf:3: option \"profile\": value \"Opportunistic\": ");
}

/* A bundle that is written is the same as one that is inherited. */
static void test_inherited_bundle(void **state)
{
	char text[3000];

	(void)state;
	snprintf(text, sizeof text,
		"forward = [ \"plain\", \"bundle\" ]\ntls-cert-bundle = \"/a\"\n%s", group_text);
	check_refused(text, LISTED("plain"));
}

/* Each upstream of `forward` owns its pins: the same name is good in two configurations at once. */
static void test_pins_of_each(void **state)
{
	char text[3000];
	struct config *a, *b;

	(void)state;
	snprintf(text, sizeof text, "forward = [ \"both\", \"pin2\", \"plain\" ]\n%s", group_text);
	a = load_good(text);
	b = load_good(text);
	check_same(a, b);
	config_unref(a);
	assert_int_equal(b->forward[0].pin_count, 2);
	assert_hex("both", b->forward[0].pins[1], CONFIG_PIN_OCTETS, HEX2);
	assert_int_equal(b->forward[1].pin_count, 1);
	assert_hex("pin2", b->forward[1].pins[0], CONFIG_PIN_OCTETS, HEX2);
	assert_null(b->forward[2].pins);
	config_unref(b);
}

/* Pins say who it is, not where: it must be found all the same. */
static void test_pins_need_an_address(void **state)
{
	(void)state;
	check_refused(FORWARD "upstream = ( { name = \"home\", pin-sha256 = \"" PIN "\" } )",
		"option \"address\": not written");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_pins_are_octets, teardown),
		cmocka_unit_test_teardown(test_refused_pins, teardown),
		cmocka_unit_test_teardown(test_count_of_pins, teardown),
		cmocka_unit_test_teardown(test_groups, teardown),
		cmocka_unit_test_teardown(test_profile_is_told_once, teardown),
		cmocka_unit_test_teardown(test_inherited_bundle, teardown),
		cmocka_unit_test_teardown(test_pins_of_each, teardown),
		cmocka_unit_test_teardown(test_pins_need_an_address, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
