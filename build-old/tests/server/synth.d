build-old/tests/server/synth.o: tests/server/synth.c tests/server/synth.h \
 tests/server/builder.h common/dns/wire.h tests/server/query.h \
 tests/server/dnsname.h tests/server/rrtype.h tests/server/wish.h
tests/server/synth.h:
tests/server/builder.h:
common/dns/wire.h:
tests/server/query.h:
tests/server/dnsname.h:
tests/server/rrtype.h:
tests/server/wish.h:
