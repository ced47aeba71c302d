build-old/tests/server/cookie.o: tests/server/cookie.c tests/server/cookie.h \
 common/dns/wire.h tests/server/query.h tests/server/dnsname.h
tests/server/cookie.h:
common/dns/wire.h:
tests/server/query.h:
tests/server/dnsname.h:
