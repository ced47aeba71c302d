/* Lines of /proc/net as the kernel writes them, and what is advised about whom. */
#include "tests/unit/cm.h"

#include <endian.h>
#include <string.h>

#include "proxy/client/holder.h"

/* The kernel prints addresses as words of the machine. */
#if __BYTE_ORDER == __LITTLE_ENDIAN
#define WORD(little, big) little
#else
#define WORD(little, big) big
#endif

static void rows_of_the_kernel(void **state)
{
	static const struct {
		const char *line, *addr;
		unsigned state;
		unsigned long inode;
	} rows[] = {
		{ "  1234: " WORD("3500007F", "7F000035") ":0035 00000000:0000 07 00000000:00000000 00:00000000 00000000   "
		  "101"
		  "        0 21047 2 0000000000000000 0\n",
			"127.0.0.53:53", 0x07, 21047 },
		{ "   0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     "
		  "0"
		  "        0 4294967295 1 0000000000000000 100 0 0 10 0\n",
			"0.0.0.0:8080", 0x0a, 4294967295ul },
		{ "   1: 000000000000000000000000" WORD("01000000", "00000001") ":0035 "
		  "00000000000000000000000000000000:0000 0A"
		  " 00000000:00000000 00:00000000 00000000     0        0 77 1 0000000000000000 "
		  "100 0 0"
		  " 10 0\n",
			"[::1]:53", 0x0a, 77 },
		{ "   2: " WORD("B80D0120", "20010DB8") "0000000000000000" WORD("01000000", "00000001") ":FFFF "
		  "00000000000000000000000000000000:0000 07"
		  " 00000000:00000000 00:00000000 00000000     0        0 78 2 0000000000000000 "
		  "0\n",
			"[2001:db8::1]:65535", 0x07, 78 },
	};
	char text[ADDR_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct addr addr;
		unsigned long inode;
		unsigned tcp_state;

		expect(rows[i].addr, holder_parse_row(rows[i].line, &addr, &tcp_state, &inode));
		assert_string_equal(addr_text(&addr, text), rows[i].addr);
		expect_int(rows[i].addr, tcp_state, rows[i].state);
		expect_int(rows[i].addr, inode, rows[i].inode);
	}
}

static void other_lines(void **state)
{
	static const char *const lines[] = {
		"",
		"\n",
		"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid "
		" "
		"timeout inode\n",
		"   0: 0100007F:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000     "
		"0\n",
		"   0: 0100007F0:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000 0 0 "
		"1\n",
		"   0: 0100007:0035 00000000:0000 07 00000000:00000000 00:00000000 00000000 0 0 "
		"1\n",
		"   0: 0100007F 0035 00000000:0000 07 00000000:00000000 00:00000000 00000000 0 0 "
		"1\n",
		"   0: 000000000000000000000000000000000:0035 00000000:0000 07 00000000:00000000 "
		"00:00000000 00000000 0 0 1\n",
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(lines); i++) {
		struct addr addr;
		unsigned long inode;
		unsigned tcp_state;

		expect(lines[i], !holder_parse_row(lines[i], &addr, &tcp_state, &inode));
	}
}

static void advice(void **state)
{
	static const struct {
		const char *row, *ip, *program, *has;
		uint16_t port;
		int pid;
	} rows[] = {
		{ "resolved, seen", "127.0.0.53", "systemd-resolve", "DNSStubListener=no", 53, 9 },
		{ "resolved, extra stub", "0.0.0.0", "systemd-resolve", "DNSStubListener=no", 53,
			9 },
		{ "resolved, by its address", "127.0.0.53", "", "DNSStubListener=no", 53, 0 },
		{ "resolved, by its second address", "127.0.0.54", "", "DNSStubListener=no", 53,
			0 },
		{ "another port of that address", "127.0.0.53", "", "stop it, or choose", 5300, 0 },
		{ "somebody else on that address", "127.0.0.53", "named", "stop it, or choose", 53,
			9 },
		{ "a socket unit", "127.0.0.1", "systemd", "systemctl list-sockets", 53, 1 },
		{ "dnsmasq", "0.0.0.0", "dnsmasq", "port=0", 53, 9 },
		{ "named", "0.0.0.0", "named", "stop it, or choose", 53, 9 },
		{ "cannot be seen", "0.0.0.0", "", "stop it, or choose", 53, 0 },
		{ "IPv6", "::", "", "stop it, or choose", 53, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct holder h = { .pid = rows[i].pid };

		assert_true(addr_parse_ip(rows[i].ip, &h.addr));
		addr_set_port(&h.addr, rows[i].port);
		strncpy(h.program, rows[i].program, sizeof h.program - 1);
		expect(rows[i].row, strstr(holder_advice(&h), rows[i].has) != NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_of_the_kernel),
		cmocka_unit_test(other_lines),
		cmocka_unit_test(advice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
