build-old/proxy/self.o: proxy/self.c proxy/self.h common/base/addr.h
proxy/self.h:
common/base/addr.h:
