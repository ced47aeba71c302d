build-old/proxy/member.o: proxy/member.c proxy/member.h \
 common/base/list.h common/base/stats.h common/base/histogram.h \
 common/config/config.h common/base/addr.h common/config/spelling.h \
 proxy/upstream/plain.h proxy/upstream/transport.h \
 proxy/upstream/tls_endpoint.h proxy/upstream/tickets.h \
 proxy/upstream/upstream.h common/base/backoff.h proxy/upstream/health.h \
 proxy/upstream/limits.h proxy/upstream/race.h proxy/upstream/session.h \
 common/base/idmap.h common/base/random.h common/base/turn.h \
 common/base/timerq.h common/dns/cookie_client.h common/dns/cookie.h \
 common/dns/edns.h common/dns/message.h common/dns/name.h \
 common/dns/wire.h common/dns/rewrite.h common/dns/cookie_server.h \
 common/dns/ede.h proxy/upstream/request.h proxy/upstream/silence.h \
 proxy/loop.h proxy/upstream/dtls.h proxy/upstream/tls.h \
 proxy/upstream/tls_policy.h
proxy/member.h:
common/base/list.h:
common/base/stats.h:
common/base/histogram.h:
common/config/config.h:
common/base/addr.h:
common/config/spelling.h:
proxy/upstream/plain.h:
proxy/upstream/transport.h:
proxy/upstream/tls_endpoint.h:
proxy/upstream/tickets.h:
proxy/upstream/upstream.h:
common/base/backoff.h:
proxy/upstream/health.h:
proxy/upstream/limits.h:
proxy/upstream/race.h:
proxy/upstream/session.h:
common/base/idmap.h:
common/base/random.h:
common/base/turn.h:
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
proxy/loop.h:
proxy/upstream/dtls.h:
proxy/upstream/tls.h:
proxy/upstream/tls_policy.h:
