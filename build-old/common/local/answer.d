build-old/common/local/answer.o: common/local/answer.c \
 common/local/answer.h common/dns/rewrite.h common/dns/cookie_server.h \
 common/base/addr.h common/dns/cookie.h common/dns/ede.h \
 common/dns/edns.h common/dns/message.h common/dns/name.h \
 common/dns/wire.h common/local/records.h common/local/nameset.h \
 common/local/suffix.h common/dns/rdata.h common/dns/reply.h
common/local/answer.h:
common/dns/rewrite.h:
common/dns/cookie_server.h:
common/base/addr.h:
common/dns/cookie.h:
common/dns/ede.h:
common/dns/edns.h:
common/dns/message.h:
common/dns/name.h:
common/dns/wire.h:
common/local/records.h:
common/local/nameset.h:
common/local/suffix.h:
common/dns/rdata.h:
common/dns/reply.h:
