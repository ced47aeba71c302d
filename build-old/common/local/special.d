build-old/common/local/special.o: common/local/special.c \
 common/local/special.h common/local/suffix.h common/dns/name.h \
 common/dns/wire.h common/dns/message.h common/local/answer.h \
 common/dns/rewrite.h common/dns/cookie_server.h common/base/addr.h \
 common/dns/cookie.h common/dns/ede.h common/dns/edns.h \
 common/local/records.h common/local/nameset.h
common/local/special.h:
common/local/suffix.h:
common/dns/name.h:
common/dns/wire.h:
common/dns/message.h:
common/local/answer.h:
common/dns/rewrite.h:
common/dns/cookie_server.h:
common/base/addr.h:
common/dns/cookie.h:
common/dns/ede.h:
common/dns/edns.h:
common/local/records.h:
common/local/nameset.h:
