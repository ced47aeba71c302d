build-old/proxy/ops/files.o: proxy/ops/files.c proxy/ops/files.h \
 common/base/clock.h common/base/log.h common/config/config.h \
 common/base/addr.h common/config/spelling.h common/local/blocklist.h \
 common/local/nameset.h common/local/suffix.h common/dns/name.h \
 common/dns/wire.h common/local/text.h common/local/hosts.h \
 common/local/records.h common/local/record_line.h proxy/ops/file_parts.h \
 proxy/ops/watch.h proxy/resolve/local_data.h proxy/worker.h \
 common/base/stats.h common/base/histogram.h proxy/client/sockets.h \
 proxy/groups.h common/base/list.h common/base/timerq.h \
 common/config/change.h common/config/option.h common/dns/cookie_store.h \
 common/dns/cookie_client.h common/base/random.h common/dns/cookie.h \
 common/dns/edns.h common/dns/message.h proxy/resolve/route.h \
 proxy/mailbox.h proxy/upstream/look.h proxy/upstream/race.h \
 proxy/upstream/upstream.h common/base/backoff.h proxy/upstream/health.h \
 proxy/upstream/transport.h proxy/upstream/limits.h \
 proxy/upstream/session.h common/base/idmap.h common/base/turn.h \
 common/dns/rewrite.h common/dns/cookie_server.h common/dns/ede.h \
 proxy/upstream/request.h proxy/upstream/silence.h
proxy/ops/files.h:
common/base/clock.h:
common/base/log.h:
common/config/config.h:
common/base/addr.h:
common/config/spelling.h:
common/local/blocklist.h:
common/local/nameset.h:
common/local/suffix.h:
common/dns/name.h:
common/dns/wire.h:
common/local/text.h:
common/local/hosts.h:
common/local/records.h:
common/local/record_line.h:
proxy/ops/file_parts.h:
proxy/ops/watch.h:
proxy/resolve/local_data.h:
proxy/worker.h:
common/base/stats.h:
common/base/histogram.h:
proxy/client/sockets.h:
proxy/groups.h:
common/base/list.h:
common/base/timerq.h:
common/config/change.h:
common/config/option.h:
common/dns/cookie_store.h:
common/dns/cookie_client.h:
common/base/random.h:
common/dns/cookie.h:
common/dns/edns.h:
common/dns/message.h:
proxy/resolve/route.h:
proxy/mailbox.h:
proxy/upstream/look.h:
proxy/upstream/race.h:
proxy/upstream/upstream.h:
common/base/backoff.h:
proxy/upstream/health.h:
proxy/upstream/transport.h:
proxy/upstream/limits.h:
proxy/upstream/session.h:
common/base/idmap.h:
common/base/turn.h:
common/dns/rewrite.h:
common/dns/cookie_server.h:
common/dns/ede.h:
proxy/upstream/request.h:
proxy/upstream/silence.h:
