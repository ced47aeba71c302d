build-old/common/local/text.o: common/local/text.c common/local/text.h
common/local/text.h:
