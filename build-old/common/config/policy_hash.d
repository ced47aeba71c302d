build-old/common/config/policy_hash.o: common/config/policy_hash.c \
 common/config/policy_hash.h common/config/config.h common/base/addr.h \
 common/config/spelling.h common/base/siphash.h
common/config/policy_hash.h:
common/config/config.h:
common/base/addr.h:
common/config/spelling.h:
common/base/siphash.h:
