build-old/common/base/idmap.o: common/base/idmap.c common/base/idmap.h
common/base/idmap.h:
