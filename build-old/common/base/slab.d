build-old/common/base/slab.o: common/base/slab.c common/base/slab.h
common/base/slab.h:
