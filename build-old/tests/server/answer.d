build-old/tests/server/answer.o: tests/server/answer.c tests/server/answer.h \
 tests/server/cookie.h common/dns/wire.h tests/server/builder.h \
 tests/server/query.h tests/server/dnsname.h tests/server/reply.h \
 tests/server/aside.h tests/server/random.h tests/server/rrtype.h \
 tests/server/synth.h tests/server/zone.h
tests/server/answer.h:
tests/server/cookie.h:
common/dns/wire.h:
tests/server/builder.h:
tests/server/query.h:
tests/server/dnsname.h:
tests/server/reply.h:
tests/server/aside.h:
tests/server/random.h:
tests/server/rrtype.h:
tests/server/synth.h:
tests/server/zone.h:
