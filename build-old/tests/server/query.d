build-old/tests/server/query.o: tests/server/query.c tests/server/query.h \
 tests/server/dnsname.h common/dns/wire.h tests/server/rrtype.h
tests/server/query.h:
tests/server/dnsname.h:
common/dns/wire.h:
tests/server/rrtype.h:
