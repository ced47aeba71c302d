build-old/common/config/units.o: common/config/units.c common/config/option.h
common/config/option.h:
