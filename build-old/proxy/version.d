build-old/proxy/version.o: proxy/version.c proxy/version.h
proxy/version.h:
