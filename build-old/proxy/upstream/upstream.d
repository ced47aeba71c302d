build-old/proxy/upstream/upstream.o: proxy/upstream/upstream.c \
 proxy/upstream/upstream.h common/base/backoff.h proxy/upstream/health.h \
 common/base/addr.h proxy/upstream/transport.h proxy/upstream/limits.h \
 proxy/upstream/race.h proxy/upstream/session.h common/base/idmap.h \
 common/base/random.h common/base/stats.h common/base/histogram.h \
 common/base/turn.h common/base/list.h common/base/timerq.h \
 common/dns/cookie_client.h common/dns/cookie.h common/dns/edns.h \
 common/dns/message.h common/dns/name.h common/dns/wire.h \
 common/dns/rewrite.h common/dns/cookie_server.h common/dns/ede.h \
 proxy/upstream/request.h proxy/upstream/silence.h common/base/log.h \
 proxy/upstream/opening.h proxy/upstream/retest.h
proxy/upstream/upstream.h:
common/base/backoff.h:
proxy/upstream/health.h:
common/base/addr.h:
proxy/upstream/transport.h:
proxy/upstream/limits.h:
proxy/upstream/race.h:
proxy/upstream/session.h:
common/base/idmap.h:
common/base/random.h:
common/base/stats.h:
common/base/histogram.h:
common/base/turn.h:
common/base/list.h:
common/base/timerq.h:
common/dns/cookie_client.h:
common/dns/cookie.h:
common/dns/edns.h:
common/dns/message.h:
common/dns/name.h:
common/dns/wire.h:
common/dns/rewrite.h:
common/dns/cookie_server.h:
common/dns/ede.h:
proxy/upstream/request.h:
proxy/upstream/silence.h:
common/base/log.h:
proxy/upstream/opening.h:
proxy/upstream/retest.h:
