build-old/tests/server/output.o: tests/server/output.c tests/server/output.h \
 tests/server/reply.h tests/server/aside.h tests/server/query.h \
 tests/server/dnsname.h tests/server/random.h common/dns/wire.h \
 tests/server/conn.h common/base/list.h tests/server/buf.h \
 tests/server/limits.h tests/server/outlet.h tests/server/stats.h \
 tests/server/tls.h tests/server/mem.h tests/server/server.h \
 tests/server/answer.h tests/server/cookie.h tests/server/line.h \
 tests/server/options.h tests/server/record.h tests/server/rules.h \
 tests/server/action.h tests/server/selector.h
tests/server/output.h:
tests/server/reply.h:
tests/server/aside.h:
tests/server/query.h:
tests/server/dnsname.h:
tests/server/random.h:
common/dns/wire.h:
tests/server/conn.h:
common/base/list.h:
tests/server/buf.h:
tests/server/limits.h:
tests/server/outlet.h:
tests/server/stats.h:
tests/server/tls.h:
tests/server/mem.h:
tests/server/server.h:
tests/server/answer.h:
tests/server/cookie.h:
tests/server/line.h:
tests/server/options.h:
tests/server/record.h:
tests/server/rules.h:
tests/server/action.h:
tests/server/selector.h:
