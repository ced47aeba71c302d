build-old/common/base/json.o: common/base/json.c common/base/json.h \
 common/base/bytes.h
common/base/json.h:
common/base/bytes.h:
