/* Which networks are known, and what is a change of network. */
#include "proxy/ops/networks.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/cm.h"

static struct addr ip(const char *text)
{
	struct addr a = { 0 };

	if (*text)
		assert_true(addr_parse_ip(text, &a));
	return a;
}

static void set_mac(uint8_t *mac, size_t *len, uint8_t last)
{
	*len = 6;
	memset(mac, 0x42, 5);
	mac[5] = last;
}

/* ------------------------------------------------------------------ changes */

enum { NONE = 256, UNSEEN }; /* beside a last octet: the kernel has no entry; has one without address */

struct look {
	bool reachable;
	unsigned interface;
	const char *source, *gateway;
	unsigned mac;
};

static struct route route_of(const struct look *l)
{
	struct route r = { .reachable = l->reachable };

	if (!l->reachable)
		return r;
	r.interface = l->interface;
	r.source = ip(l->source);
	r.gateway = ip(l->gateway);
	r.neighbour = l->mac == NONE ? ROUTE_NEIGHBOUR_ABSENT : ROUTE_NEIGHBOUR_UNKNOWN;
	if (l->mac < NONE) {
		r.neighbour = ROUTE_NEIGHBOUR_KNOWN;
		set_mac(r.mac, &r.mac_len, (uint8_t)l->mac);
	}
	return r;
}

#define HOME   { true, 2, "192.168.1.5", "192.168.1.1", 1 }
#define NOWHERE { false, 0, NULL, NULL, 0 }

static const struct {
	const char *name;
	struct look before, between, now; /* between: where it is not NOWHERE by itself, it is looked at, too */
	bool lost;			  /* it is looked at although it is NOWHERE */
	bool changed;
} rows[] = {
	{ "the same", HOME, NOWHERE, HOME, false, false },
	{ "another interface", HOME, NOWHERE, { true, 3, "192.168.1.5", "192.168.1.1", 1 }, false, true },
	{ "another address of ours", HOME, NOWHERE, { true, 2, "192.168.1.6", "192.168.1.1", 1 }, false, true },
	{ "another gateway", HOME, NOWHERE, { true, 2, "192.168.1.5", "192.168.1.2", 1 }, false, true },
	{ "without gateway now", HOME, NOWHERE, { true, 2, "192.168.1.5", "", 1 }, false, true },
	{ "a gateway that is another", HOME, NOWHERE, { true, 2, "192.168.1.5", "192.168.1.1", 2 }, false, true },
	{ "a gateway of another family", HOME, NOWHERE, { true, 2, "192.168.1.5", "fe80::1", 1 }, false, true },
	{ "the link was down", HOME, NOWHERE, { true, 2, "192.168.1.5", "192.168.1.1", NONE }, false, true },
	{ "the gateway does not answer", HOME, NOWHERE, { true, 2, "192.168.1.5", "192.168.1.1", UNSEEN }, false,
		false },
	{ "it answers again", HOME, { true, 2, "192.168.1.5", "192.168.1.1", UNSEEN }, HOME, false, false },
	{ "another answers instead", HOME, { true, 2, "192.168.1.5", "192.168.1.1", UNSEEN },
		{ true, 2, "192.168.1.5", "192.168.1.1", 2 }, false, true },
	{ "its address was not known", { true, 2, "192.168.1.5", "192.168.1.1", NONE }, NOWHERE, HOME, false, false },
	{ "nor is it now", { true, 2, "192.168.1.5", "192.168.1.1", NONE }, NOWHERE,
		{ true, 2, "192.168.1.5", "192.168.1.1", NONE }, false, false },
	{ "the way is lost", HOME, NOWHERE, NOWHERE, false, false },
	{ "the way is back", HOME, NOWHERE, HOME, true, true },
	{ "the first way", NOWHERE, NOWHERE, HOME, false, true },
	{ "there is none still", NOWHERE, NOWHERE, NOWHERE, false, false },
};

static void test_changes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct way_out w = { .lost = false };
		struct route before = route_of(&rows[i].before), between = route_of(&rows[i].between),
			     now = route_of(&rows[i].now);

		way_out_see(&w, &before);
		if (between.reachable || rows[i].lost)
			expect_int(rows[i].name, way_out_see(&w, &between), false);
		expect_int(rows[i].name, way_out_see(&w, &now), rows[i].changed);
		expect_int(rows[i].name, way_out_see(&w, &now), false);
	}
}

/* ------------------------------------------------------------------ the table */

static struct network network(const char *interface, const char *gateway, unsigned mac)
{
	struct network n = { .gateway = ip(gateway) };

	strcpy(n.interface, interface);
	if (mac < NONE)
		set_mac(n.mac, &n.mac_len, (uint8_t)mac);
	return n;
}

static size_t enter(struct networks *n, struct network w, bool fresh)
{
	assert_int_equal(networks_enter(n, &w), fresh);
	return n->here;
}

static void test_known_again(void **state)
{
	struct networks n;
	size_t home, cafe;

	(void)state;
	networks_init(&n);
	home = enter(&n, network("wlan0", "192.168.1.1", 1), true);
	cafe = enter(&n, network("wlan0", "192.168.1.1", 2), true);
	assert_true(home != cafe);
	assert_int_equal(enter(&n, network("wlan0", "192.168.1.1", 1), false), home);
	assert_int_equal(enter(&n, network("wlan0", "192.168.1.1", 2), false), cafe);
	assert_true(enter(&n, network("eth0", "192.168.1.1", 1), true) != home);
	assert_true(enter(&n, network("wlan0", "192.168.2.1", 1), true) != home);
	assert_true(enter(&n, network("wlan0", "fe80::1", 1), true) != home);
	assert_true(enter(&n, network("tun0", "", NONE), true) != home);
	enter(&n, network("tun0", "", NONE), false);
}

/* Without its address a gateway is whichever is known, if that is just one. */
static void test_address_not_known(void **state)
{
	struct networks n;
	size_t home;

	(void)state;
	networks_init(&n);
	home = enter(&n, network("wlan0", "192.168.1.1", 1), true);
	assert_int_equal(enter(&n, network("wlan0", "192.168.1.1", NONE), false), home);
	assert_int_equal(enter(&n, network("wlan0", "192.168.1.1", 1), false), home);
	enter(&n, network("wlan0", "192.168.1.1", 2), true);
	enter(&n, network("wlan0", "192.168.1.1", NONE), true);
}

static void test_learn(void **state)
{
	struct network w = network("wlan0", "192.168.1.1", NONE);
	struct networks n;
	size_t home;

	(void)state;
	networks_init(&n);
	networks_learn(&n, &w); /* the first that is seen */
	home = n.here;
	assert_true(n.list[home].used > 0);
	w = network("wlan0", "192.168.1.1", 7);
	networks_learn(&n, &w);
	assert_int_equal(n.list[home].mac_len, 6);
	w = network("wlan0", "192.168.1.1", 8);
	networks_learn(&n, &w); /* it keeps what it has */
	assert_int_equal(n.list[home].mac[5], 7);
	w = network("eth0", "192.168.1.1", 9);
	networks_learn(&n, &w);
	assert_int_equal(n.list[home].mac[5], 7);
	assert_int_equal(n.here, home);
	assert_true(enter(&n, network("wlan0", "192.168.1.1", 8), true) != home);
}

static void test_bound(void **state)
{
	struct networks n;
	char name[IF_NAMESIZE];

	(void)state;
	networks_init(&n);
	for (unsigned i = 0; i < NETWORKS_MAX; i++) {
		snprintf(name, sizeof name, "if%u", i);
		enter(&n, network(name, "192.168.1.1", i), true);
	}
	enter(&n, network("if0", "192.168.1.1", 0), false); /* the last that was left is if1 now */
	enter(&n, network("more", "192.168.1.1", 99), true);
	enter(&n, network("if0", "192.168.1.1", 0), false);
	for (unsigned i = 2; i < NETWORKS_MAX; i++) {
		snprintf(name, sizeof name, "if%u", i);
		enter(&n, network(name, "192.168.1.1", i), false);
	}
	enter(&n, network("if1", "192.168.1.1", 1), true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_known_again),
		cmocka_unit_test(test_address_not_known),
		cmocka_unit_test(test_learn),
		cmocka_unit_test(test_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
