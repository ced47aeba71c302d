build-old/tests/server/conn.o: tests/server/conn.c tests/server/conn.h \
 common/base/list.h tests/server/buf.h tests/server/limits.h \
 tests/server/reply.h tests/server/aside.h tests/server/query.h \
 tests/server/dnsname.h tests/server/random.h tests/server/outlet.h \
 tests/server/stats.h tests/server/tls.h common/dns/wire.h \
 tests/server/conn_read.h tests/server/mem.h tests/server/output.h \
 tests/server/server.h tests/server/answer.h tests/server/cookie.h \
 tests/server/line.h tests/server/options.h tests/server/record.h \
 tests/server/rules.h tests/server/action.h tests/server/selector.h
tests/server/conn.h:
common/base/list.h:
tests/server/buf.h:
tests/server/limits.h:
tests/server/reply.h:
tests/server/aside.h:
tests/server/query.h:
tests/server/dnsname.h:
tests/server/random.h:
tests/server/outlet.h:
tests/server/stats.h:
tests/server/tls.h:
common/dns/wire.h:
tests/server/conn_read.h:
tests/server/mem.h:
tests/server/output.h:
tests/server/server.h:
tests/server/answer.h:
tests/server/cookie.h:
tests/server/line.h:
tests/server/options.h:
tests/server/record.h:
tests/server/rules.h:
tests/server/action.h:
tests/server/selector.h:
