build-old/common/base/backoff.o: common/base/backoff.c common/base/backoff.h
common/base/backoff.h:
