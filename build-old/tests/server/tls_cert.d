build-old/tests/server/tls_cert.o: tests/server/tls_cert.c \
 tests/server/tls_cert.h common/base/list.h tests/server/mem.h
tests/server/tls_cert.h:
common/base/list.h:
tests/server/mem.h:
