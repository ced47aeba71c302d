build-old/proxy/ops/watch.o: proxy/ops/watch.c proxy/ops/watch.h
proxy/ops/watch.h:
