build-old/common/base/addr.o: common/base/addr.c common/base/addr.h
common/base/addr.h:
