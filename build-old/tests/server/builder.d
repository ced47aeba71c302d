build-old/tests/server/builder.o: tests/server/builder.c \
 tests/server/builder.h common/dns/wire.h tests/server/query.h \
 tests/server/dnsname.h tests/server/rrtype.h
tests/server/builder.h:
common/dns/wire.h:
tests/server/query.h:
tests/server/dnsname.h:
tests/server/rrtype.h:
