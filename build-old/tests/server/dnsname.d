build-old/tests/server/dnsname.o: tests/server/dnsname.c \
 tests/server/dnsname.h
tests/server/dnsname.h:
