build-old/tests/server/rrtype.o: tests/server/rrtype.c tests/server/rrtype.h
tests/server/rrtype.h:
