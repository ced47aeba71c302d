build-old/common/base/siphash.o: common/base/siphash.c common/base/siphash.h
common/base/siphash.h:
