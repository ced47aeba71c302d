build-old/common/dns/padding.o: common/dns/padding.c common/dns/padding.h
common/dns/padding.h:
