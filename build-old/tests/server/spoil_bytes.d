build-old/tests/server/spoil_bytes.o: tests/server/spoil_bytes.c \
 tests/server/actions.h tests/server/action.h tests/server/reply.h \
 tests/server/aside.h tests/server/query.h tests/server/dnsname.h \
 tests/server/random.h common/dns/wire.h tests/server/hex.h \
 tests/server/value.h
tests/server/actions.h:
tests/server/action.h:
tests/server/reply.h:
tests/server/aside.h:
tests/server/query.h:
tests/server/dnsname.h:
tests/server/random.h:
common/dns/wire.h:
tests/server/hex.h:
tests/server/value.h:
