build-old/tests/bench/udpload.o: tests/bench/udpload.c
