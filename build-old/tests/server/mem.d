build-old/tests/server/mem.o: tests/server/mem.c tests/server/mem.h
tests/server/mem.h:
