/*
 * A record as it is written in the configuration: NAME [TTL] [IN] TYPE DATA, like "nas.lan A 192.168.1.5",
 * "*.dev.lan 300 AAAA fd00::5", "lan MX 10 mail.lan", "_ipp._tcp.lan SRV 0 0 631 printer.lan",
 * "nas.lan TXT \"two words\" more".
 */
#ifndef COMMON_LOCAL_RECORD_LINE_H
#define COMMON_LOCAL_RECORD_LINE_H

#include "common/local/records.h"

#define RECORD_TTL     60u /* where none is written */
#define RECORD_TTL_MAX 604800u

struct record_line {
	uint8_t name[DNS_NAME_MAX];
	size_t name_len;
	uint16_t type;
	uint32_t ttl;
	uint8_t rdata[RECORDS_RDATA_MAX];
	size_t len;
};

/* False: *ret_why says what is allowed, one static clause. */
bool record_line_parse(const char *text, struct record_line *ret, const char **ret_why);

#endif
