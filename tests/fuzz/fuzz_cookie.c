/*
 * Cookies in both directions.  The first octet chooses: a client's message, whose cookie is judged and
 * answered; a server's answers, one after another, for the state machine; a file of secrets.
 */
#include <string.h>

#include "common/dns/cookie_client.h"
#include "common/dns/cookie_server.h"
#include "common/dns/rewrite.h"
#include "tests/fuzz/fuzz.h"

/* ------------------------------------------------------------------ from a client */

static const struct cookie_secrets secrets = { .count = 2,
	.secret = { "0123456789abcdef", "fedcba9876543210" } };

/* What we give is what we take, now and for this address. */
static void check_given(const uint8_t given[COOKIE_V1_LEN], const struct addr *peer, uint32_t now)
{
	uint8_t again[COOKIE_V1_LEN];
	struct addr other = *peer;

	must(cookie_check(&secrets, given, COOKIE_V1_LEN, peer, now, again) == COOKIE_VALID);
	must(memcmp(given, again, COOKIE_V1_LEN) == 0);
	other.in4.sin_addr.s_addr ^= 1;
	must(cookie_check(&secrets, given, COOKIE_V1_LEN, &other, now, again) == COOKIE_INVALID);
}

static void check_reply(const struct dns_message *m, const uint8_t given[COOKIE_V1_LEN])
{
	struct client_form c = { .id = m->id,
		.flags = m->flags,
		.edns = true,
		.has_cookie = true,
		.udp_size = 1232,
		.limit = 512,
		.keepalive = -1 };
	uint8_t out[512];
	struct dns_message reply;
	struct edns e;
	size_t len;

	memcpy(c.cookie, given, COOKIE_V1_LEN);
	c.flags &= (uint16_t)~DNS_OPCODE_MASK;
	len = rewrite_error(&c, RCODE_BADCOOKIE, (struct ede){ EDE_NONE, NULL }, out, sizeof out);
	must(message_parse(out, len, &reply) == MESSAGE_OK);
	edns_parse(&reply, true, &e);
	must(e.cookie.len == COOKIE_V1_LEN && memcmp(e.cookie.data, given, COOKIE_V1_LEN) == 0);
	must((e.extended_rcode << 4 | message_rcode(&reply)) == RCODE_BADCOOKIE);
}

static void hear_client(const uint8_t *data, size_t size)
{
	const struct addr peer = { .in4 = {
					   .sin_family = AF_INET, .sin_addr.s_addr = 0x01020304 } };
	uint8_t given[COOKIE_V1_LEN];
	enum cookie_standing standing;
	struct dns_message m;
	struct edns e;
	uint32_t now;

	if (message_parse(data, size, &m) != MESSAGE_OK)
		return;
	edns_parse(&m, false, &e);
	must(e.cookie.data || !e.cookie_bad);
	if (!e.cookie.data || e.cookie_bad)
		return;
	must(e.cookie.len == 8 || (e.cookie.len >= 16 && e.cookie.len <= 40));
	now = wire_get16(data) * 65537u;
	standing = cookie_check(&secrets, e.cookie.data, e.cookie.len, &peer, now, given);
	must((standing == COOKIE_FRESH) == (e.cookie.len == 8));
	must(memcmp(given, e.cookie.data, 8) == 0);
	if (standing == COOKIE_VALID)
		must(e.cookie.len == COOKIE_V1_LEN &&
			memcmp(given, e.cookie.data, COOKIE_V1_LEN) == 0);
	else
		check_given(given, &peer, now);
	check_reply(&m, given);
}

/* ------------------------------------------------------------------ from a server */

static void count_up(void *arg, void *buf, size_t len)
{
	static uint8_t n;

	(void)arg;
	n++;
	memset(buf, n, len);
}

struct script {
	const uint8_t *data;
	size_t left;
};

static uint8_t take(struct script *s)
{
	if (s->left == 0)
		return 0;
	s->left--;
	return *s->data++;
}

/* An option whose octets are the script's, or begin as the query's. */
static void take_option(
	struct script *s, const struct cookie_sent *sent, uint8_t *room, struct edns *ret)
{
	uint8_t kind = take(s), len = take(s) % 48;

	if (kind & 1)
		return;
	for (unsigned i = 0; i < len; i++)
		room[i] = take(s);
	if (kind & 2 && len >= COOKIE_CLIENT_LEN)
		memcpy(room, sent->client, COOKIE_CLIENT_LEN);
	ret->cookie = (struct edns_option){ EDNS_COOKIE, len, room };
	ret->cookie_bad = !cookie_len_is_legal(len);
}

static void check_jar(const struct cookie_jar *j, uint64_t now)
{
	must(j->phase <= JAR_RESTING && j->server_len <= COOKIE_SERVER_MAX);
	must((j->phase == JAR_KNOWN) == (j->server_len > 0));
	must(j->phase != JAR_RESTING || j->rest_until_us <= now + COOKIE_REST_US);
}

/* Until it is answered, or refused as often as a query is sent: nobody asks for ever. */
static void ask(
	struct script *s, struct cookie_jar *jar, struct random_source *random, uint64_t *now)
{
	uint8_t option[COOKIE_FULL_MAX], room[48];
	enum cookie_verdict v = COOKIE_DISCARD;
	struct cookie_sent sent;
	unsigned refusals = 0;
	bool stream = take(s) & 1;

	while (s->left > 0 && v != COOKIE_ACCEPT && refusals < 10) {
		struct edns e = { .present = true };
		struct cookie_answer a = { .edns = &e, .stream = stream, .again = refusals > 0 };
		size_t len = cookie_offer(jar, random, *now, &sent, option);
		enum cookie_news news;

		must(len == 0 || cookie_len_is_legal(len));
		must(len == 0 || memcmp(option, sent.client, COOKIE_CLIENT_LEN) == 0);
		a.rcode = take(s) % 24;
		e.present = a.rcode > 15 || take(s) & 1;
		take_option(s, &sent, room, &e);
		*now += (uint64_t)take(s) * 1000;
		v = cookie_judge(jar, &sent, &a, *now, &news);
		check_jar(jar, *now);
		if (len == 0)
			must(v == COOKIE_ACCEPT);
		else if (e.cookie.data && (e.cookie_bad || memcmp(room, sent.client, 8) != 0))
			must(v == COOKIE_DISCARD);
		refusals += v == COOKIE_RETRY;
	}
	must(refusals < 10);
}

static void hear_server(const uint8_t *data, size_t size)
{
	struct random_source random = { .fill = count_up };
	struct script s = { data, size };
	struct cookie_jar jar = { 0 };
	uint64_t now = 1;

	while (s.left > 0) {
		now += (uint64_t)take(&s) << (take(&s) % 32);
		ask(&s, &jar, &random, &now);
	}
}

/* ------------------------------------------------------------------ a file */

static void read_secrets(const uint8_t *data, size_t size)
{
	struct cookie_secrets s;
	unsigned line, lines = 1;
	const char *why = cookie_secrets_parse((const char *)data, size, &s, &line);

	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	must(s.count <= COOKIE_SECRETS_MAX && line <= lines);
	must(why || (s.count > 0 && line == 0 && size >= 2 * COOKIE_SECRET_LEN));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	switch (data[0] % 3) {
	case 0:
		hear_client(data + 1, size - 1);
		break;
	case 1:
		hear_server(data + 1, size - 1);
		break;
	case 2:
		read_secrets(data + 1, size - 1);
		break;
	}
	return 0;
}
