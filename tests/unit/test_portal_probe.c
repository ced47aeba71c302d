/* What a network makes of a probe: URLs as people write them, replies as nobody should send them. */
#include "proxy/ctl/portal.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/cm.h"

static const struct {
	const char *text, *host;
	unsigned port;
	const char *path; /* NULL: it is no URL for us */
} urls[] = {
	{ "http://a.test", "a.test", 80, "/" },
	{ "HTTP://a.test:8080/x?y=1", "a.test", 8080, "/x?y=1" },
	{ "http://10.0.0.1/", "10.0.0.1", 80, "/" },
	{ "https://a.test/", NULL, 0, NULL },
	{ "a.test", NULL, 0, NULL },
	{ "http://", NULL, 0, NULL },
	{ "http:///x", NULL, 0, NULL },
	{ "http://a.test:0/", NULL, 0, NULL },
	{ "http://a.test:99999/", NULL, 0, NULL },
	{ "http://a.test:/", NULL, 0, NULL },
	{ "http://u@a.test/", NULL, 0, NULL },
	{ "http://a.test/x\r\nHost: b", NULL, 0, NULL },
	{ "http://a.test/x y", NULL, 0, NULL },
};

static void test_urls(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(urls); i++) {
		struct probe_url u;

		expect_int(urls[i].text, probe_parse(urls[i].text, &u), urls[i].path != NULL);
		if (!urls[i].path)
			continue;
		assert_string_equal(u.host, urls[i].host);
		assert_string_equal(u.path, urls[i].path);
		assert_int_equal(u.port, urls[i].port);
	}
}

static const struct {
	const char *reply;
	enum probe_result result;
	const char *host;
} replies[] = {
	{ "HTTP/1.1 302 Found\r\nX: 1\r\nlocation:  http://a.test:80/x \r\n\r\n", PROBE_REDIRECTED, "a.test" },
	{ "HTTP/1.0 301 X\nLocation: //a.test\n\n", PROBE_REDIRECTED, "a.test" },
	{ "HTTP/1.1 303 X\r\nLocation: https://a.test?x\r\n", PROBE_REDIRECTED, "a.test" }, /* cut */
	{ "HTTP/1.1 200 OK\r\nLocation: http://a.test/\r\n\r\nsuccess\n", PROBE_OPEN, NULL },
	{ "HTTP/1.1 204 No Content\r\n\r\n", PROBE_OPEN, NULL },
	{ "HTTP/1.1 302 X\r\nLocation: /here\r\n\r\n", PROBE_CHANGED, NULL },
	{ "HTTP/1.1 302 X\r\nLocation:\r\n\r\n", PROBE_CHANGED, NULL },
	{ "HTTP/1.1 302 X\r\nLocation: http://\r\n\r\n", PROBE_CHANGED, NULL },
	{ "HTTP/1.1 302 X\r\nLocation: http://a\033[2Jb/\r\n\r\n", PROBE_CHANGED, NULL },
	{ "HTTP/1.1 302 X\r\nLocation: http://user@a.test/\r\n\r\n", PROBE_CHANGED, NULL },
	{ "HTTP/1.1 200 OK\r\n\r\n<meta http-equiv=refresh content=\"0;url='http://a.test/'\">", PROBE_REDIRECTED, "a.test" },
	{ "HTTP/1.1 200 OK\r\n\r\n<a href=x?url=http://b.test>", PROBE_CHANGED, NULL },
	{ "HTTP/1.1 200 OK\r\n\r\n<meta http-equiv=refresh content=0;url=", PROBE_CHANGED, NULL },
	{ "HTTP/1.1 ", PROBE_FAILED, NULL },
	{ "HTTP/1.1 xyz OK\r\n\r\n", PROBE_FAILED, NULL },
	{ "SSH-2.0-OpenSSH_9.2\r\n", PROBE_FAILED, NULL },
	{ "", PROBE_FAILED, NULL },
};

/* And each of them cut anywhere: that is read, and no octet behind it. */
static void test_replies(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(replies); i++) {
		char host[PROBE_HOST_MAX] = "";

		expect_int(replies[i].reply, probe_judge(replies[i].reply, strlen(replies[i].reply), host),
			replies[i].result);
		if (replies[i].host)
			assert_string_equal(host, replies[i].host);
		for (size_t len = 0; len < strlen(replies[i].reply); len++) {
			char *cut = strndup(replies[i].reply, len);

			probe_judge(cut, len, host);
			free(cut);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_urls), cmocka_unit_test(test_replies) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
