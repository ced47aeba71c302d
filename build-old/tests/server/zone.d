build-old/tests/server/zone.o: tests/server/zone.c tests/server/zone.h \
 tests/server/builder.h common/dns/wire.h tests/server/query.h \
 tests/server/dnsname.h tests/server/rrtype.h
tests/server/zone.h:
tests/server/builder.h:
common/dns/wire.h:
tests/server/query.h:
tests/server/dnsname.h:
tests/server/rrtype.h:
