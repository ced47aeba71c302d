build-old/common/local/dns64.o: common/local/dns64.c common/local/dns64.h \
 common/base/addr.h common/local/answer.h common/dns/rewrite.h \
 common/dns/cookie_server.h common/dns/cookie.h common/dns/ede.h \
 common/dns/edns.h common/dns/message.h common/dns/name.h \
 common/dns/wire.h common/local/records.h common/local/nameset.h \
 common/local/suffix.h
common/local/dns64.h:
common/base/addr.h:
common/local/answer.h:
common/dns/rewrite.h:
common/dns/cookie_server.h:
common/dns/cookie.h:
common/dns/ede.h:
common/dns/edns.h:
common/dns/message.h:
common/dns/name.h:
common/dns/wire.h:
common/local/records.h:
common/local/nameset.h:
common/local/suffix.h:
