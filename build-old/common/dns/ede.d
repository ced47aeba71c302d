build-old/common/dns/ede.o: common/dns/ede.c common/dns/ede.h
common/dns/ede.h:
