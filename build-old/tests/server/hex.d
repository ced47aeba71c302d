build-old/tests/server/hex.o: tests/server/hex.c tests/server/hex.h
tests/server/hex.h:
