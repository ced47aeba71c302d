build-old/common/base/bytes.o: common/base/bytes.c common/base/bytes.h
common/base/bytes.h:
