build-old/tests/server/main.o: tests/server/main.c tests/server/buf.h \
 tests/server/control.h tests/server/listen.h common/base/list.h \
 tests/server/outlet.h tests/server/random.h tests/server/reply.h \
 tests/server/aside.h tests/server/query.h tests/server/dnsname.h \
 tests/server/stats.h tests/server/options.h tests/server/server.h \
 tests/server/answer.h tests/server/cookie.h common/dns/wire.h \
 tests/server/line.h tests/server/record.h tests/server/rules.h \
 tests/server/action.h tests/server/selector.h
tests/server/buf.h:
tests/server/control.h:
tests/server/listen.h:
common/base/list.h:
tests/server/outlet.h:
tests/server/random.h:
tests/server/reply.h:
tests/server/aside.h:
tests/server/query.h:
tests/server/dnsname.h:
tests/server/stats.h:
tests/server/options.h:
tests/server/server.h:
tests/server/answer.h:
tests/server/cookie.h:
common/dns/wire.h:
tests/server/line.h:
tests/server/record.h:
tests/server/rules.h:
tests/server/action.h:
tests/server/selector.h:
