build-old/tests/server/options.o: tests/server/options.c \
 tests/server/options.h tests/server/stats.h
tests/server/options.h:
tests/server/stats.h:
