build-old/tests/server/dtls_port.o: tests/server/dtls_port.c \
 tests/server/dtls_port.h common/base/list.h tests/server/dtls.h \
 tests/server/tls.h tests/server/line.h tests/server/outlet.h \
 tests/server/random.h tests/server/reply.h tests/server/aside.h \
 tests/server/query.h tests/server/dnsname.h tests/server/assoc.h \
 tests/server/limits.h tests/server/listen.h tests/server/stats.h \
 tests/server/mem.h tests/server/server.h tests/server/answer.h \
 tests/server/cookie.h common/dns/wire.h tests/server/options.h \
 tests/server/record.h tests/server/rules.h tests/server/action.h \
 tests/server/selector.h
tests/server/dtls_port.h:
common/base/list.h:
tests/server/dtls.h:
tests/server/tls.h:
tests/server/line.h:
tests/server/outlet.h:
tests/server/random.h:
tests/server/reply.h:
tests/server/aside.h:
tests/server/query.h:
tests/server/dnsname.h:
tests/server/assoc.h:
tests/server/limits.h:
tests/server/listen.h:
tests/server/stats.h:
tests/server/mem.h:
tests/server/server.h:
tests/server/answer.h:
tests/server/cookie.h:
common/dns/wire.h:
tests/server/options.h:
tests/server/record.h:
tests/server/rules.h:
tests/server/action.h:
tests/server/selector.h:
