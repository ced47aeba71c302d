build-old/tests/server/control.o: tests/server/control.c \
 tests/server/control.h tests/server/buf.h tests/server/command.h \
 tests/server/mem.h tests/server/server.h common/base/list.h \
 tests/server/answer.h tests/server/cookie.h common/dns/wire.h \
 tests/server/line.h tests/server/outlet.h tests/server/random.h \
 tests/server/reply.h tests/server/aside.h tests/server/query.h \
 tests/server/dnsname.h tests/server/options.h tests/server/stats.h \
 tests/server/record.h tests/server/rules.h tests/server/action.h \
 tests/server/selector.h
tests/server/control.h:
tests/server/buf.h:
tests/server/command.h:
tests/server/mem.h:
tests/server/server.h:
common/base/list.h:
tests/server/answer.h:
tests/server/cookie.h:
common/dns/wire.h:
tests/server/line.h:
tests/server/outlet.h:
tests/server/random.h:
tests/server/reply.h:
tests/server/aside.h:
tests/server/query.h:
tests/server/dnsname.h:
tests/server/options.h:
tests/server/stats.h:
tests/server/record.h:
tests/server/rules.h:
tests/server/action.h:
tests/server/selector.h:
