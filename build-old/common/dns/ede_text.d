build-old/common/dns/ede_text.o: common/dns/ede_text.c common/dns/ede_text.h
common/dns/ede_text.h:
