build-old/common/config/nearest.o: common/config/nearest.c \
 common/config/nearest.h
common/config/nearest.h:
