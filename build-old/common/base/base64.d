build-old/common/base/base64.o: common/base/base64.c common/base/base64.h
common/base/base64.h:
