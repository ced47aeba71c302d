# dnsfwd: encrypted DNS for this machine.  "make help" lists what can be made.
#
# The user's variables: CC CPPFLAGS CFLAGS LDFLAGS LDLIBS PKG_CONFIG BUILD DESTDIR PREFIX, and the folders below
# What the project needs is in variables of its own (p_...), so "make CFLAGS=-O0" works.
#   SAN=address,undefined   build with these sanitizers (into a folder of its own)
#   SECCOMP=0               build without libseccomp: system calls are not filtered
#   YAML=0                  build without libyaml, as where there is none: "--import stubby.yml" says so
#   WERROR=1                warnings are errors (the checks set it)
#   V=1                     show whole commands
#   RUN="qemu-arm -L ROOT"  what runs the tests that were built for another machine
#   SMALL=1                 for routers: optimized for size, into a folder of its own; all that follows is 0, and YAML too,
#                           unless it is asked for ("make SMALL=1 DTLS=1")
#   What can be left out (0) or built in (1); "dnsfwd --version" tells what was:
#   HTTP=0                  the HTTP server of option metrics, and libevent_extra with it
#   DTLS=0                  DNS over DTLS: dtls:// in the configuration is an error that says so
#   PORTAL=0                captive portals (dnsfwdctl portal)
#   EXPLAIN=0               dnsfwdctl explain and query
#   IMPORT=0                dnsfwd --import
#   SYSTEMD=0               sockets passed by a service manager, and telling it of readiness and life
#   LANDLOCK=0              the sandbox's limit of files; its limits of system calls and capabilities stay
#   LOGFILES=0              log-file and syslog: the log goes to stderr alone
#   RECORDER=0              the flight recorder (dnsfwdctl log --recent)
#   SNAPSHOT=0              cache-snapshot
#   DESK=0                  what helps a person at a desk: -T, --list-presets --json, who has a port that is taken
#   DNSTAP=1                option dnstap, with libfstrm; 0 is the default

# The version stands here and nowhere else.
VERSION    := 0.1.0
PREFIX     ?= /usr/local
SBINDIR    ?= $(PREFIX)/sbin
BINDIR     ?= $(PREFIX)/bin
DATADIR    ?= $(PREFIX)/share
DOCDIR     ?= $(DATADIR)/doc/dnsfwd
MANDIR     ?= $(DATADIR)/man
SYSCONFDIR ?= /etc
# Where systemd and the shells look; /usr/local is among it.
UNITDIR    ?= $(PREFIX)/lib/systemd/system
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
TMPFILESDIR ?= $(PREFIX)/lib/tmpfiles.d
BASHDIR    ?= $(DATADIR)/bash-completion/completions
ZSHDIR     ?= $(DATADIR)/zsh/site-functions
FISHDIR    ?= $(DATADIR)/fish/vendor_completions.d
PKG_CONFIG ?= pkg-config
PYTHON     ?= /usr/bin/python3
BUILD      ?= build
SAN        ?=
WERROR     ?=
SMALL      ?=
# gcc 12 and clang have more than -Os.
p_size     := $(if $(filter 1,$(SMALL)),$(shell echo 'int a;' | $(CC) -Oz -x c -c -o /dev/null - 2>/dev/null && echo -Oz || echo -Os))
CFLAGS     ?= $(or $(p_size),-O2 -g)
p_options  := HTTP DTLS PORTAL EXPLAIN IMPORT SYSTEMD LANDLOCK LOGFILES RECORDER SNAPSHOT DESK
$(foreach option,$(p_options),$(eval $(option) ?= $(if $(filter 1,$(SMALL)),0,1)))
DNSTAP     ?= 0
SECCOMP    ?= 1
JOBS       ?= $(shell nproc 2>/dev/null || echo 2)
UPSTREAM   ?=
RUN        ?=

ifeq ($(origin YAML),undefined)
YAML := $(if $(filter 1,$(SMALL)),0,$(if $(shell $(PKG_CONFIG) --exists yaml-0.1 2>/dev/null && echo yes),1,0))
endif

empty :=
comma := ,
space := $(empty) $(empty)
# One folder for each variant; the plain one is BUILD itself.
O := $(BUILD)$(if $(filter 1,$(SMALL)),/small)$(if $(SAN),/san-$(subst $(comma),-,$(SAN)))

# ------------------------------------------------------------------ the map of the program

COMMON_SRC := \
	common/base/addr.c common/base/backoff.c common/base/base64.c common/base/bytes.c common/base/clock.c \
	common/base/histogram.c common/base/hostmatch.c common/base/idmap.c common/base/json.c common/base/last_good.c common/base/log.c common/base/log_limit.c common/base/log_recent.c \
	common/base/siphash.c common/base/slab.c common/base/stats.c common/base/timerq.c \
	common/base/turn.c \
	common/dns/cookie_client.c common/dns/cookie_server.c common/dns/cookie_store.c \
	common/dns/ede.c common/dns/ede_text.c common/dns/edns.c common/dns/frame.c \
	common/dns/message.c common/dns/name.c common/dns/padding.c common/dns/rdata.c common/dns/record_text.c \
	common/dns/relocate.c common/dns/reply.c common/dns/rewrite_answer.c \
	common/dns/rewrite_error.c common/dns/rewrite_query.c \
	common/cache/cache.c common/cache/clear_names.c common/cache/cut.c common/cache/hit.c common/cache/key.c \
	common/cache/lifetime.c common/cache/shard.c common/cache/snapshot.c common/cache/store.c common/cache/walk.c \
	common/config/array.c common/config/change.c common/config/check.c common/config/config.c common/config/endpoint.c common/config/errors.c \
	common/config/forward.c common/config/include.c common/config/load.c common/config/load_addresses.c \
	common/config/local.c \
	common/config/nearest.c common/config/option.c common/config/pins.c common/config/places.c \
	common/config/policy_hash.c \
	common/config/presets.c common/config/presets_print.c common/config/print.c \
	common/config/source.c common/config/spelling.c common/config/units.c \
	common/config/upstream.c common/config/value.c common/config/value_allowed.c common/config/value_print.c \
	common/config/words.c common/config/zone.c \
	common/local/answer.c common/local/blocklist.c common/local/dns64.c common/local/hosts.c common/local/nameset.c \
	common/local/record_line.c common/local/records.c common/local/special.c \
	common/local/suffix.c common/local/text.c

# Made from presets.conf, which the program carries inside.
COMMON_MADE = $(O)/common/config/presets_text.c

# What can be driven without network: linked into the unit tests of pool and session too.
UPSTREAM_SRC := \
	proxy/upstream/flights.c proxy/upstream/health.c proxy/upstream/history.c proxy/upstream/limits.c proxy/upstream/look.c \
	proxy/upstream/opening.c proxy/upstream/opening_backoff.c proxy/upstream/placing.c proxy/upstream/policy.c \
	proxy/upstream/pool.c proxy/upstream/pool_change.c proxy/upstream/pool_outcome.c proxy/upstream/pool_reason.c proxy/upstream/probe.c \
	proxy/upstream/race.c proxy/upstream/renew.c proxy/upstream/retest.c \
	proxy/upstream/session.c proxy/upstream/session_cookie.c proxy/upstream/session_end.c proxy/upstream/session_match.c proxy/upstream/session_repeat.c \
	proxy/upstream/session_send.c \
	proxy/upstream/session_watch.c proxy/upstream/silence.c proxy/upstream/trace.c proxy/upstream/transport.c \
	proxy/upstream/upstream.c proxy/upstream/upstream_sessions.c proxy/upstream/verdict.c proxy/upstream/ways.c

# What becomes of a question.
RESOLVE_SRC := $(addprefix proxy/resolve/, joining.c lookup.c refresh.c stale.c)

# What a started dnsfwd gives up.
SANDBOX_SRC := $(addprefix proxy/ops/, capabilities.c landlock.c sandbox.c sandbox_calls.c sandbox_paths.c state_dir.c user.c)

# What others were told, in our own syntax.
IMPORT_SRC := $(addprefix proxy/import/, \
	draft.c draft_print.c import.c import_resolved.c import_stubby.c import_unbound.c text_file.c unbound_lines.c)

PROXY_SRC := $(IMPORT_SRC) $(UPSTREAM_SRC) $(RESOLVE_SRC) $(SANDBOX_SRC) \
	$(addprefix proxy/, added_zones.c announce.c app.c app_ops.c app_run.c app_signals.c app_workers.c capacity.c \
	config_file.c config_text.c edition.c features.c groups.c groups_prepare.c listeners.c loop.c mailbox.c main.c \
	member.c names.c policies.c portal_keeper.c) \
	proxy/reload.c proxy/reload_notice.c proxy/secrets.c proxy/self.c proxy/snapshot.c proxy/trusts.c proxy/version.c proxy/worker.c proxy/worker_change.c \
	proxy/client/cookie.c proxy/client/holder.c proxy/client/judge.c proxy/client/passed.c proxy/client/queries.c proxy/client/query.c \
	proxy/client/query_end.c proxy/client/query_read.c proxy/client/querylog.c proxy/client/quota.c proxy/client/reply.c proxy/client/sockets.c proxy/client/tcp_client.c \
	proxy/client/tcp_listener.c proxy/client/udp.c proxy/client/udp_sender.c \
	proxy/ops/control.c proxy/ops/control_call.c proxy/ops/control_commands.c \
	proxy/explain.c proxy/ops/control_explain.c proxy/ops/control_log.c proxy/ops/explain_json.c proxy/ops/log_syslog.c proxy/ops/log_target.c \
	proxy/ops/control_figures.c proxy/ops/control_flush.c proxy/ops/control_line.c proxy/ops/control_portal.c proxy/ops/control_zone.c proxy/ops/links.c proxy/ops/portal_json.c \
	proxy/ops/control_path.c proxy/ops/figures.c \
	proxy/ops/file_parts.c proxy/ops/files.c proxy/ops/files_read.c proxy/ops/notify.c proxy/ops/preflight.c proxy/ops/report.c \
	proxy/ops/status.c proxy/ops/status_json.c proxy/ops/upstreams_json.c proxy/ops/watch.c proxy/ops/watchdog.c \
	proxy/resolve/dns64.c proxy/resolve/local.c proxy/resolve/local_data.c \
	proxy/resolve/portal.c proxy/resolve/private.c proxy/resolve/route.c \
	proxy/upstream/bootstrap.c proxy/upstream/bootstrap_channel.c \
	proxy/upstream/bootstrap_plan.c \
	proxy/upstream/datagrams.c proxy/upstream/dtls.c proxy/upstream/dtls_engine.c \
	proxy/upstream/dtls_filter.c proxy/upstream/dtls_handshake.c proxy/upstream/dtls_library.c proxy/upstream/dtls_read.c \
	proxy/upstream/last_good_file.c proxy/upstream/memory.c proxy/upstream/pins.c proxy/upstream/plain_tcp.c \
	proxy/upstream/plain_udp.c proxy/upstream/priority.c \
	proxy/upstream/tcp_socket.c proxy/upstream/tcp_stream.c proxy/upstream/tickets.c proxy/upstream/tls.c \
	proxy/upstream/tls_endpoint.c proxy/upstream/tls_engine.c proxy/upstream/tls_policy.c \
	proxy/upstream/trust.c proxy/upstream/udp_socket.c \
	proxy/upstream/verify.c proxy/upstream/verify_chain.c proxy/upstream/verify_dates.c proxy/upstream/verify_name.c

# dnsfwdctl, the control tool.
CTL_SRC := proxy/config_text.c proxy/version.c $(addprefix proxy/ctl/, ask.c commands.c config_file.c main.c text.c \
	portal.c portal_gateway.c portal_probe.c show_explain.c show_stats.c show_status.c show_upstreams.c top.c top_draw.c)

# Its audit: what measures and grades resolvers, with the TLS and the name lookup of the daemon.
AUDIT_SRC := $(addprefix proxy/ctl/, \
	audit_ask.c audit_command.c audit_dtls.c audit_grade.c audit_hello.c audit_json.c audit_link.c audit_lookup.c \
	audit_names.c audit_options.c audit_print.c audit_probe.c audit_questions.c audit_reach.c audit_rows_answers.c \
	audit_rows_session.c audit_wait.c) \
	proxy/loop.c $(addprefix proxy/upstream/, \
	bootstrap_channel.c bootstrap_plan.c datagrams.c dtls_engine.c dtls_filter.c dtls_library.c memory.c pins.c priority.c \
	tcp_socket.c tickets.c tls_engine.c tls_facts.c tls_policy.c transport.c trust.c udp_socket.c verify.c \
	verify_chain.c verify_dates.c verify_name.c)
# Pointing a system at dnsfwd.
SETUP_SRC := proxy/client/holder.c $(addprefix proxy/ctl/, \
	setup_command.c setup_files.c setup_listen.c setup_plan.c setup_port.c setup_print.c setup_store.c setup_system.c)
CTL_SRC += $(AUDIT_SRC) $(SETUP_SRC)

# The clock and the network around it.
PROXY_SRC += proxy/epoch_mails.c proxy/epochs.c proxy/wallclock.c $(addprefix proxy/ops/, \
	clockwatch.c last_time.c netwatch.c networks.c route.c)

# What of these is another with the test clock.
CLOCKED_SRC := common/base/clock.c proxy/loop.c proxy/ops/clockwatch.c

SERVER_SRC := $(addprefix tests/server/, \
	action.c actions.c answer.c aside.c assoc.c buf.c builder.c command.c command_conns.c \
	command_dtls.c conn.c conn_read.c control.c cookie.c dnsname.c dtls.c dtls_port.c hex.c line.c listen.c \
	main.c mem.c options.c outlet.c output.c query.c \
	record.c rrtype.c rules.c sealed.c selector.c serve.c server.c spoil.c spoil_bytes.c \
	spoil_opt.c stats.c synth.c tls.c tls_cert.c udp.c value.c wish.c zone.c)

# Clients for tests of load: an honest one, and one that sends what no client should.
load_programs := $(addprefix $(O)/tests/hostile/,honest hostile)

COMMON_TESTS := \
	test_addr test_backoff test_base64 test_bytes test_cache test_cache_cut test_cache_flood test_cache_lifetime \
	test_cache_random test_cache_snapshot test_cache_threads test_clock test_config test_config_change test_config_example \
	test_config_forward test_config_include test_config_pins test_config_text test_config_values test_config_zone test_cookie_client test_endpoint \
	test_cookie_server test_cookie_store test_ede test_edns test_frame \
	test_histogram test_hostmatch test_idmap test_json test_last_good test_le test_list test_log test_log_limit test_log_recent test_message test_name test_option test_padding \
	test_policy_hash \
	test_presets test_random test_record_text test_relocate test_rewrite_answer \
	test_rewrite_error test_rewrite_query test_rewrite_random test_siphash test_slab \
	test_manual \
	test_blocklist test_dns64 test_hosts test_nameset test_records test_special \
	test_spelling test_stats test_timerq test_turn test_wire
UPSTREAM_TESTS := \
	test_renew \
	test_health test_history test_limits test_policy test_pool test_pool_change test_pool_cookie test_pool_errors test_pool_failover \
	test_pool_flights test_pool_policy test_pool_random test_pool_ways test_pool_weather test_race \
	test_session test_session_answers test_session_cookie test_session_datagrams \
	test_session_half test_session_limits test_session_loss test_session_random test_session_slow test_session_suspect test_session_watch test_silence test_upstream \
	test_upstream_doubt test_upstream_health test_upstream_limits test_upstream_race test_upstream_random test_upstream_standing \
	test_verdict
PROXY_TESTS    := \
	test_audit_grade test_audit_parts test_bootstrap_plan test_client_cookie test_control_line test_holder test_import test_judge test_local test_lookup test_lookup_cache \
	test_passed test_portal test_portal_probe test_private test_quota test_route test_secrets test_self test_udp_sender \
	test_sandbox test_sandbox_calls test_watchdog test_epochs test_mailbox test_trusts
PROXY_TESTS    += $(if $(filter 1,$(HTTP)),test_exposition test_hour)
PROXY_TESTS    += test_dnstap_frame
SURROUNDINGS_TESTS := test_last_time test_networks test_route_ask
# What stands on GnuTLS, with a peer in memory.
TLS_TESTS      := test_priority test_tickets test_tls_engine test_trust test_verify_dates
TLS_SRC        := $(addprefix proxy/upstream/, \
	datagrams.c dtls_engine.c dtls_filter.c dtls_library.c memory.c pins.c priority.c tickets.c tls_engine.c \
	tls_policy.c trust.c verify.c verify_chain.c verify_dates.c verify_name.c)
DTLS_SRC       := proxy/loop.c $(addprefix proxy/upstream/, \
	dtls.c dtls_handshake.c dtls_read.c tcp_socket.c tls_endpoint.c udp_socket.c)
# These have a clock of their own.
DTLS_TESTS     := test_dtls test_dtls_engine test_dtls_filter test_dtls_library test_dtls_path test_tls_engine_auth test_udp_socket

FUZZERS := fuzz_cache fuzz_snapshot fuzz_client_message fuzz_upstream_message fuzz_cookie fuzz_frame \
	fuzz_config fuzz_control fuzz_last_good fuzz_names fuzz_program fuzz_tls fuzz_dtls
# What a harness needs beside common/.
fuzz_tls_more := $(TLS_SRC) tests/fuzz/steady.c tests/unit/tls_peer.c
fuzz_control_more := proxy/ops/control_line.c
fuzz_dtls_more := $(fuzz_tls_more) tests/unit/dtls_peer.c
# All that is between a client's message and an upstream's.
fuzz_program_more := $(UPSTREAM_SRC) $(RESOLVE_SRC) proxy/loop.c tests/unit/fake_transport.c \
	$(addprefix proxy/resolve/,dns64.c local.c local_data.c portal.c private.c route.c) \
	$(addprefix proxy/client/,cookie.c judge.c queries.c query.c query_end.c query_read.c querylog.c quota.c reply.c)
fuzz_program_libs := -lcmocka

# What serves figures over HTTP.
HTTP_SRC := $(addprefix proxy/ops/, exposition.c hour.c http.c http_host.c http_socket.c metrics.c metrics_text.c \
	metrics_upstreams.c page.c page_json.c page_json_upstreams.c)
PROXY_SRC += $(HTTP_SRC)
PAGE      := $(addprefix proxy/ops/page/page., html css js)
PAGE_MADE  = $(O)/proxy/ops/page_text.c
PROXY_MADE = $(if $(filter 1,$(HTTP)),$(PAGE_MADE:.c=.o))
# What writes frames for dnstap, or says that it does not.
DNSTAP_SRC := $(addprefix proxy/ops/, dnstap.c dnstap_frame.c dnstap_stream.c)
PROXY_SRC += $(if $(filter 1,$(DNSTAP)),$(DNSTAP_SRC),proxy/ops/dnstap_none.c)

# Left out, with what is there in its place; proxy/build.h does the rest.
without = $(if $(filter 1,$(1)),,$(eval PROXY_SRC := $(filter-out $(2),$(PROXY_SRC)) $(3)))
$(call without,$(HTTP),$(HTTP_SRC),proxy/ops/metrics_none.c)
$(call without,$(DTLS),$(addprefix proxy/upstream/, datagrams.c dtls.c dtls_engine.c dtls_filter.c \
	dtls_handshake.c dtls_library.c dtls_read.c udp_socket.c))
$(call without,$(PORTAL),proxy/portal_keeper.c proxy/ops/control_portal.c proxy/ops/portal_json.c proxy/resolve/portal.c, \
	proxy/portal_none.c)
$(call without,$(EXPLAIN),proxy/ops/control_explain.c proxy/ops/explain_json.c,proxy/ops/control_explain_none.c)
# A portal is opened after a question of the same kind.
$(call without,$(or $(filter 1,$(EXPLAIN)),$(PORTAL)),proxy/explain.c proxy/upstream/trace.c,proxy/explain_none.c)
$(call without,$(IMPORT),$(IMPORT_SRC),proxy/import/import_none.c)
$(call without,$(SYSTEMD),proxy/client/passed.c proxy/ops/notify.c proxy/ops/watchdog.c,proxy/ops/systemd_none.c)
$(call without,$(LANDLOCK),proxy/ops/landlock.c proxy/ops/sandbox_paths.c)
$(call without,$(LOGFILES),proxy/ops/log_syslog.c proxy/ops/log_target.c,proxy/ops/log_target_none.c)
$(call without,$(RECORDER),proxy/ops/control_log.c,proxy/ops/control_log_none.c)
$(call without,$(SNAPSHOT),proxy/snapshot.c)
$(call without,$(DESK),proxy/client/holder.c proxy/ops/preflight.c)
p_features := $(strip $(foreach option,$(p_options) DNSTAP SECCOMP YAML,$(option)=$(if $(filter-out 0,$($(option))),1,0)))

# ------------------------------------------------------------------ flags

LIBS     := libevent_core gnutls libcares libconfig $(if $(filter-out 0,$(SECCOMP)),libseccomp) $(if $(filter-out 0,$(YAML)),yaml-0.1)
LIBS     += $(if $(filter 1,$(HTTP)),libevent_extra)
LIBS     += $(if $(filter 1,$(DNSTAP)),libfstrm)
CTL_LIBS := json-c
p_pkgs   := $(shell $(PKG_CONFIG) --exists $(LIBS) $(CTL_LIBS) 2>/dev/null && echo yes)
p_cflags := -std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -I. -MMD -MP -fPIE -pthread \
	-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2 \
	-Wconversion -fstack-protector$(if $(filter 1,$(SMALL)),,-strong) $(if $(WERROR),-Werror)
ifneq ($(filter -O1 -O2 -O3 -Os -Oz,$(CFLAGS)),)
p_cflags += $(if $(SAN),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
endif
p_cflags  += $(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer)
p_cflags  += $(foreach option,$(p_options),-DWITH_$(option)=$(if $(filter 1,$($(option))),1,0))
# Whole-program: what nobody calls is not in it; relocations packed where the linker can.
ifeq ($(SMALL),1)
p_cflags  += -DSMALL $(if $(filter 0,$(HTTP)),-DNO_STATS_HELP) -flto -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables -fno-unwind-tables
# On x86-64 calls of libraries without a detour.
p_cflags  += $(if $(filter x86_64-%,$(shell $(CC) -dumpmachine 2>/dev/null)),-fno-plt)
p_small   := -flto $(shell echo | $(CC) -flto-partition=none -E - >/dev/null 2>&1 && echo -flto-partition=none) \
	-Wl,--gc-sections,--as-needed,--hash-style=gnu,--build-id=none -Wl,-z,noseparate-code \
	$(if $(shell $(CC) -Wl,--help 2>/dev/null | grep pack-relative-relocs),-Wl$(comma)-z$(comma)pack-relative-relocs)
endif
p_ldflags := -pie -pthread $(p_small) -Wl,-z,relro,-z,now $(if $(SAN),-fsanitize=$(SAN))
p_libs     = $(shell $(PKG_CONFIG) --libs $(LIBS))
p_libctl   = $(shell $(PKG_CONFIG) --libs $(CTL_LIBS))
p_libcfg   = $(shell $(PKG_CONFIG) --libs libconfig)
p_defs     = -DFEATURES='"$(p_features)"' $(if $(filter 0,$(SECCOMP)),-DNO_SECCOMP) $(if $(filter 0,$(YAML)),-DNO_YAML) -DVERSION='"$(VERSION)"' -DCONFIG_FILE='"$(SYSCONFDIR)/dnsfwd/dnsfwd.conf"'

Q    := $(if $(V),,@)
say   = $(if $(V),,@printf '  %-5s %s\n' '$(1)' '$(2)')

objs = $(patsubst %.c,$(O)/%.o,$(1))
# Of what a rule depends on, what is linked.
linked = $(filter %.o,$^) $(filter %.a,$^)

# ------------------------------------------------------------------ what can be made

.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY:
.PHONY: all run bench bench-names check check-quick check-long check-unit check-e2e check-fuzz check-package check-musl lint fuzz \
	fuzz-tls-corpus fuzz-dtls-corpus install uninstall dist deb clean help deps deps-check server FORCE

all: $(O)/dnsfwd $(O)/dnsfwdctl

help:
	@echo 'make              build dnsfwd into $(BUILD)/'
	@echo 'make run          install what is missing, build, run with an embedded resolver on 127.0.0.1:5300'
	@echo 'make run UPSTREAM=tls://9.9.9.9#dns.quad9.net    the same with a real resolver'
	@echo 'make check        install what the tests need, then lint, unit tests plain and sanitized, fuzz corpora,'
	@echo '                  and the e2e suite sanitized'
	@echo 'make check-unit check-e2e check-fuzz lint        parts of it; SAN=address,undefined for a sanitized run'
	@echo 'make check-long   the e2e suite without sanitizers, and the long tests'
	@echo 'make check-cross  unit tests and fuzz corpora as a 32-bit and as a big-endian machine (qemu)'
	@echo 'make check-package    what is installed and packaged: tarball, manual pages, completions, units'
	@echo 'make check-musl   that everything compiles against musl (OpenWrt, Alpine)'
	@echo 'make bench        what parts and queries cost, beside unbound and dnsdist where installed; instruction budgets'
	@echo 'make soak MINUTES=10     mixed load and faults of all kinds: what is lost, what grows'
	@echo 'make bench-faults what faults of servers and paths cost, beside unbound and stubby (root)'
	@echo 'make fuzz SECONDS=60    run the fuzzers (clang)'
	@echo 'make install      into DESTDIR, PREFIX=$(PREFIX), SYSCONFDIR=$(SYSCONFDIR); uninstall takes it away'
	@echo 'make dist         the source tarball, the same octets each time'
	@echo 'make deb          the Debian packages, into $(BUILD)/deb'

ifneq ($(p_pkgs),yes)
need_libs:
	@echo 'pkg-config does not find one of: $(LIBS) $(CTL_LIBS).  "make deps" installs them on Debian.' >&2; exit 1
$(call objs,$(COMMON_SRC) $(PROXY_SRC) $(CTL_SRC) $(SERVER_SRC)): need_libs
endif

$(O)/libcommon.a: $(call objs,$(COMMON_SRC)) $(COMMON_MADE:.c=.o)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $(linked)

$(O)/dnsfwd: $(call objs,$(PROXY_SRC)) $(PROXY_MADE) $(O)/libcommon.a $(O)/features
	$(call say,LINK,$@)
	$(Q)$(CC) $(p_ldflags) $(CFLAGS) $(LDFLAGS) -o $@ $(linked) $(p_libs) $(LDLIBS)

$(O)/dnsfwdctl: $(call objs,$(CTL_SRC)) $(O)/libcommon.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(p_ldflags) -Wl,--as-needed $(CFLAGS) $(LDFLAGS) -o $@ $(linked) $(p_libs) $(p_libctl) $(LDLIBS)

# The same program with the clocks of tests (common/base/clock_test.h): for the e2e suite, never installed.
$(O)/testclock/%.o: %.c $(O)/options
	$(call say,CC,$< (test clock))
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(p_cflags) -DTESTCLOCK $(CPPFLAGS) $(CFLAGS) -c -o $@ $<
clocked := $(addprefix $(O)/testclock/,$(CLOCKED_SRC:.c=.o))
$(O)/dnsfwd-testclock: $(clocked) $(filter-out $(call objs,$(CLOCKED_SRC)),$(call objs,$(PROXY_SRC))) $(PROXY_MADE) $(O)/libcommon.a $(O)/features
	$(call say,LINK,$@)
	$(Q)$(CC) $(p_ldflags) $(CFLAGS) $(LDFLAGS) -o $@ $(linked) $(p_libs) $(LDLIBS)

# The same program with dnstap built in, for its tests, where there is libfstrm.
p_fstrm := $(shell $(PKG_CONFIG) --libs libfstrm 2>/dev/null)
$(O)/dnsfwd-dnstap: $(call objs,$(filter-out proxy/ops/dnstap_none.c,$(PROXY_SRC) $(DNSTAP_SRC))) $(PROXY_MADE) $(O)/libcommon.a $(O)/features
	$(call say,LINK,$@)
	$(Q)$(CC) $(p_ldflags) $(CFLAGS) $(LDFLAGS) -o $@ $(linked) $(p_libs) $(p_fstrm) $(LDLIBS)
server: $(if $(p_fstrm),$(O)/dnsfwd-dnstap)

# What the e2e tests need beside dnsfwd.
server: $(O)/dnsfwd-testserver $(O)/dnsfwd-testclock $(load_programs) $(O)/tests/torture/fail.so

# Preloaded: one allocation or call of the program fails.  Not sanitized itself.
$(O)/tests/torture/fail.so: tests/torture/fail.c
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE -U_FORTIFY_SOURCE -Wall -Wextra $(if $(WERROR),-Werror) -O1 -g -fno-omit-frame-pointer -fPIC -shared \
		-pthread -o $@ $< -ldl

$(O)/dnsfwd-testserver: $(call objs,$(SERVER_SRC))
	$(call say,LINK,$@)
	$(Q)$(CC) $(p_ldflags) $(CFLAGS) $(LDFLAGS) -o $@ $(linked) $(p_libs) $(LDLIBS)

$(O)/tests/hostile/hostile: $(call objs,tests/hostile/mutate.c tests/server/query.c)
$(load_programs): %: %.o $(O)/tests/server/dnsname.o
	$(call say,LINK,$@)
	$(Q)$(CC) $(p_ldflags) $(CFLAGS) $(LDFLAGS) -o $@ $(linked) $(LDLIBS)

$(O)/%.o: %.c $(O)/options
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(p_cflags) $(p_extra) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

# The octets of the file but for its comments, and a NUL at the end.  SMALL leaves out where it was read, and the notes.
p_presets := $(if $(filter 1,$(SMALL)),awk '/^(source|date|note)=/ { skip = 1; next } skip && /^"/ { next } { skip = 0; print }',cat)
$(COMMON_MADE): common/config/presets.conf
	$(call say,MAKE,$@)
	$(Q)mkdir -p $(@D)
	$(Q){ echo '#include "common/config/presets_text.h"'; \
		echo 'const unsigned char presets_text[] = {'; \
		sed -e '/^[[:space:]]*#/d' -e 's/^[[:space:]]*//' -e 's/[[:space:]]*=[[:space:]]*/=/' -e 's/", "/","/g' -e 's/=\[ /=[/' -e 's/ \]$$/]/' $< | $(p_presets) | od -An -v -tx1 | sed 's/ *\([0-9a-f][0-9a-f]\)/0x\1,/g'; \
		echo '0x00 };'; } > $@
$(COMMON_MADE:.c=.o): $(COMMON_MADE)
	$(call say,CC,$<)
	$(Q)$(CC) $(p_cflags) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

# The page with its style and its script inside, as the octets of one text.
$(PAGE_MADE): $(PAGE)
	$(call say,MAKE,$@)
	$(Q)mkdir -p $(@D)
	$(Q){ echo '#include "proxy/ops/page_text.h"'; \
		echo 'const unsigned char page_text[] = {'; \
		sed -e '/^@CSS@$$/{' -e 'r proxy/ops/page/page.css' -e 'd' -e '}' \
			-e '/^@JS@$$/{' -e 'r proxy/ops/page/page.js' -e 'd' -e '}' proxy/ops/page/page.html | \
			od -An -v -tx1 | sed 's/ *\([0-9a-f][0-9a-f]\)/0x\1,/g'; \
		echo '0x00 };'; } > $@
$(PAGE_MADE:.c=.o): $(PAGE_MADE)
	$(call say,CC,$<)
	$(Q)$(CC) $(p_cflags) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

# What is left out changes which sources there are, and what is compiled of the others.
$(O)/options: FORCE
	@mkdir -p $(@D); printf '%s\n' '$(p_features)' | cmp -s - $@ || printf '%s\n' '$(p_features)' > $@
# What is linked is linked anew when other sources belong to it: an object of one that comes back may be older than the
# program, and one that has left it makes nothing newer.
p_sources := $(sort $(COMMON_SRC) $(UPSTREAM_SRC) $(RESOLVE_SRC) $(SANDBOX_SRC) $(IMPORT_SRC) $(PROXY_SRC) $(CTL_SRC) $(SERVER_SRC) \
	$(TLS_SRC) $(DTLS_SRC) $(fuzz_program_more))
$(O)/features: FORCE
	@mkdir -p $(@D); printf '%s\n' '$(p_features)' $(p_sources) | cmp -s - $@ || printf '%s\n' '$(p_features)' $(p_sources) > $@
$(O)/libcommon.a $(O)/dnsfwdctl $(O)/dnsfwd-testserver: $(O)/features

# Version and paths are compiled in: a change of them is a change of these.
with_defs := $(addprefix $(O)/proxy/,features.o main.o version.o ctl/config_file.o)
$(with_defs): p_extra = $(p_defs)
$(O)/proxy/import/import_stubby.o: p_extra = $(if $(filter-out 0,$(YAML)),-DHAVE_YAML)
$(O)/proxy/ops/sandbox_calls.o: p_extra = $(if $(filter-out 0,$(SECCOMP)),-DHAVE_SECCOMP)
$(with_defs) $(O)/proxy/ops/sandbox_calls.o $(O)/proxy/import/import_stubby.o: $(O)/defs
# A clock before this day is not set.  The same for everybody who builds the same commit, or says SOURCE_DATE_EPOCH.
p_built := $(shell now=$$(date +%s); t=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct 2>/dev/null)}; \
	t=$${t:-$$((now - now % 86400))}; [ "$$t" -lt "$$now" ] && echo "$$t" || echo "$$now")
$(O)/proxy/version.o: p_extra += -DBUILT=$(p_built)LL
$(O)/proxy/version.o: $(O)/built
$(O)/built: FORCE
	@mkdir -p $(@D); echo $(p_built) | cmp -s - $@ || echo $(p_built) > $@
$(O)/defs: FORCE
	@mkdir -p $(@D); printf '%s\n' "$(subst ",,$(p_defs))" | cmp -s - $@ || printf '%s\n' "$(subst ",,$(p_defs))" > $@
$(call objs,$(SERVER_SRC)): p_extra = -Wno-conversion
$(O)/tests/%.o: p_extra = -Wno-conversion -DSOURCE_DIR='"$(CURDIR)"' $(p_more)

# ------------------------------------------------------------------ unit tests

unit_tests := $(addprefix $(O)/tests/unit/,$(COMMON_TESTS) $(UPSTREAM_TESTS) $(PROXY_TESTS) $(SURROUNDINGS_TESTS) $(TLS_TESTS) \
	$(DTLS_TESTS))

$(unit_tests): $(O)/features

# Those of common/ link with it alone: the linker proves the direction of the arrows.
$(addprefix $(O)/tests/unit/,$(COMMON_TESTS)): %: %.o $(O)/libcommon.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(p_ldflags) $(CFLAGS) $(LDFLAGS) -o $@ $(linked) -lcmocka $(p_libcfg) $(LDLIBS)

# Those of session, upstream and pool: no libevent, no GnuTLS.
$(addprefix $(O)/tests/unit/,$(UPSTREAM_TESTS)): %: %.o $(O)/tests/unit/fake_transport.o \
		$(call objs,$(UPSTREAM_SRC)) $(O)/libcommon.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(p_ldflags) $(CFLAGS) $(LDFLAGS) -o $@ $(linked) -lcmocka $(LDLIBS)

$(O)/tests/unit/test_audit_grade: $(call objs,$(addprefix proxy/ctl/,audit_grade.c audit_rows_answers.c audit_rows_session.c))
$(O)/tests/unit/test_audit_parts: $(call objs,$(addprefix proxy/ctl/,audit_hello.c audit_names.c audit_wait.c) \
	proxy/upstream/tcp_socket.c)
$(O)/tests/unit/test_bootstrap_plan: $(O)/proxy/upstream/bootstrap_plan.o
$(O)/tests/unit/test_client_cookie: $(O)/proxy/client/cookie.o
$(O)/tests/unit/test_control_line: $(O)/proxy/ops/control_line.o
$(addprefix $(O)/tests/unit/,test_dnstap_frame test_exposition test_hour): $(O)/tests/unit/test_%: $(O)/tests/unit/test_%.o $(O)/proxy/ops/%.o $(O)/libcommon.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(p_ldflags) $(CFLAGS) $(LDFLAGS) -o $@ $(linked) -lcmocka $(LDLIBS)
$(O)/tests/unit/test_holder: $(O)/proxy/client/holder.o
$(O)/tests/unit/test_judge: $(O)/proxy/client/judge.o
$(O)/tests/unit/test_passed: $(O)/proxy/client/passed.o $(O)/proxy/client/sockets.o $(O)/proxy/client/holder.o
$(O)/tests/unit/test_local: $(call objs,$(addprefix proxy/resolve/,local.c local_data.c portal.c private.c route.c))
$(O)/tests/unit/test_private: $(O)/proxy/resolve/private.o
$(O)/tests/unit/test_quota: $(O)/proxy/client/quota.o
$(O)/tests/unit/test_portal: $(O)/proxy/resolve/portal.o $(O)/proxy/resolve/route.o
$(O)/tests/unit/test_portal_probe: $(O)/proxy/ctl/portal_probe.o
$(O)/tests/unit/test_route: $(O)/proxy/resolve/portal.o $(O)/proxy/resolve/route.o
$(O)/tests/unit/test_self: $(O)/proxy/self.o
$(O)/tests/unit/test_udp_sender: $(O)/proxy/client/udp_sender.o
$(addprefix $(O)/tests/unit/,test_audit_grade test_audit_parts test_bootstrap_plan test_client_cookie test_control_line test_holder test_judge test_local test_passed \
	test_portal test_portal_probe test_private test_quota test_route test_self test_udp_sender): %: %.o $(O)/libcommon.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(p_ldflags) $(CFLAGS) $(LDFLAGS) -o $@ $(linked) -lcmocka $(p_libcfg) $(LDLIBS)

$(addprefix $(O)/tests/unit/,test_lookup test_lookup_cache): %: %.o $(O)/tests/unit/fake_transport.o $(call objs,$(RESOLVE_SRC)) \
		$(O)/proxy/resolve/portal.o $(O)/proxy/resolve/route.o \
		$(call objs,$(UPSTREAM_SRC)) $(O)/libcommon.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(p_ldflags) $(CFLAGS) $(LDFLAGS) -o $@ $(linked) -lcmocka $(LDLIBS)

# The same defines as what it tests.
$(O)/tests/unit/test_sandbox_calls.o: p_more = $(if $(filter-out 0,$(SECCOMP)),-DHAVE_SECCOMP)
$(O)/tests/unit/test_sandbox_calls: %: %.o $(O)/proxy/ops/sandbox_calls.o
	$(call say,LINK,$@)
	$(Q)$(CC) $(p_ldflags) $(CFLAGS) $(LDFLAGS) -o $@ $(linked) -lcmocka $(p_libs) $(LDLIBS)
$(O)/tests/unit/test_sandbox: $(O)/tests/unit/test_sandbox.o $(call objs,$(SANDBOX_SRC)) $(O)/libcommon.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(p_ldflags) $(CFLAGS) $(LDFLAGS) -o $@ $(linked) -lcmocka $(p_libs) $(LDLIBS)

$(O)/tests/unit/test_import: %: %.o $(call objs,$(IMPORT_SRC)) $(O)/libcommon.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(p_ldflags) $(CFLAGS) $(LDFLAGS) -o $@ $(linked) -lcmocka $(p_libs) $(LDLIBS)

$(addprefix $(O)/tests/unit/,$(SURROUNDINGS_TESTS)): %: %.o \
		$(call objs,$(addprefix proxy/ops/,last_time.c networks.c route.c)) $(O)/libcommon.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(p_ldflags) $(CFLAGS) $(LDFLAGS) -o $@ $(linked) -lcmocka $(LDLIBS)

# The workers are the test's.
$(O)/tests/unit/test_watchdog: %: %.o $(O)/proxy/ops/watchdog.o $(O)/proxy/mailbox.o $(O)/libcommon.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(p_ldflags) $(CFLAGS) $(LDFLAGS) -o $@ $(linked) -lcmocka $(p_libs) $(LDLIBS)

$(O)/tests/unit/test_mailbox: %: %.o $(O)/proxy/mailbox.o $(O)/libcommon.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(p_ldflags) $(CFLAGS) $(LDFLAGS) -o $@ $(linked) -lcmocka $(p_libs) $(LDLIBS)

$(O)/tests/unit/test_epochs: p_ldflags += -Wl,--wrap=clock_slept_us,--wrap=calloc,--wrap=malloc
$(O)/tests/unit/test_epochs: %: %.o $(O)/proxy/epochs.o $(O)/proxy/epoch_mails.o $(O)/proxy/mailbox.o $(O)/proxy/resolve/portal.o $(O)/libcommon.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(p_ldflags) $(CFLAGS) $(LDFLAGS) -o $@ $(linked) -lcmocka $(p_libs) $(LDLIBS)

$(O)/tests/unit/test_trusts: %: %.o $(O)/proxy/trusts.o $(O)/proxy/upstream/trust.o \
		$(O)/proxy/upstream/memory.o $(O)/proxy/mailbox.o $(O)/libcommon.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(p_ldflags) $(CFLAGS) $(LDFLAGS) -o $@ $(linked) -lcmocka $(p_libs) $(LDLIBS)

$(O)/tests/unit/test_secrets: %: %.o $(O)/proxy/secrets.o $(O)/libcommon.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(p_ldflags) $(CFLAGS) $(LDFLAGS) -o $@ $(linked) -lcmocka $(p_libs) $(LDLIBS)

# free() is looked at: secrets have to be wiped by then.
$(O)/tests/unit/test_tickets: p_wrap = -Wl,--wrap=free
$(addprefix $(O)/tests/unit/,$(TLS_TESTS)): %: %.o $(O)/tests/unit/tls_peer.o \
		$(call objs,$(TLS_SRC)) $(O)/libcommon.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(p_ldflags) $(p_wrap) $(CFLAGS) $(LDFLAGS) -o $@ $(linked) -lcmocka $(p_libs) $(LDLIBS)

$(addprefix $(O)/tests/unit/,$(DTLS_TESTS)): %: %.o $(O)/tests/unit/tls_peer.o \
		$(O)/tests/unit/dtls_peer.o $(O)/tests/unit/dtls_clock.o \
		$(call objs,$(TLS_SRC) $(DTLS_SRC)) $(O)/libcommon.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(p_ldflags) $(CFLAGS) $(LDFLAGS) -o $@ $(linked) -lcmocka $(p_libs) $(LDLIBS)

check-unit: $(unit_tests)
	@printf '%s\n' $(unit_tests) | xargs -P $(JOBS) -I {} sh -c \
		'$(RUN) {} > {}.log 2>&1 || { cat {}.log; echo "FAILED: {}"; exit 255; }'
	@cat $(unit_tests:%=%.log) | grep -c '\[       OK \]' | xargs printf 'unit tests: %s passed\n'

# ------------------------------------------------------------------ fuzzing

replays := $(addprefix $(O)/tests/fuzz/replay-,$(FUZZERS))

$(replays): $(O)/features
$(O)/tests/fuzz/replay-fuzz_tls: $(call objs,$(fuzz_tls_more))
$(O)/tests/fuzz/replay-fuzz_control: $(O)/proxy/ops/control_line.o
$(O)/tests/fuzz/replay-fuzz_dtls: $(call objs,$(fuzz_dtls_more))
$(O)/tests/fuzz/replay-fuzz_program: $(call objs,$(fuzz_program_more))
$(replays): $(O)/tests/fuzz/replay-%: $(O)/tests/fuzz/%.o $(O)/tests/fuzz/replay_main.o $(O)/libcommon.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(p_ldflags) $(CFLAGS) $(LDFLAGS) -o $@ $(linked) \
		$(if $($*_more),$(p_libs),$(p_libcfg)) $($*_libs) $(LDLIBS)

check-fuzz: $(replays)
	@for f in $(FUZZERS); do \
		$(RUN) $(O)/tests/fuzz/replay-$$f tests/fuzz/corpus/$$f || { echo "FAILED: $$f"; exit 1; }; \
	done

# "make fuzz FUZZERS=fuzz_tls" runs one of them.
SECONDS ?= 60
fuzz: $(addprefix $(BUILD)/fuzz/,$(FUZZERS))
	@for f in $(FUZZERS); do \
		echo "  FUZZ  $$f"; mkdir -p $(BUILD)/fuzz/$$f.corpus; \
		$(BUILD)/fuzz/$$f -max_total_time=$(SECONDS) -artifact_prefix=$(BUILD)/fuzz/ \
			$(BUILD)/fuzz/$$f.corpus tests/fuzz/corpus/$$f > $(BUILD)/fuzz/$$f.log 2>&1 \
			|| { tail -40 $(BUILD)/fuzz/$$f.log; exit 1; }; \
		tail -1 $(BUILD)/fuzz/$$f.log; \
	done

$(addprefix $(BUILD)/fuzz/,$(FUZZERS)): $(BUILD)/fuzz/%: $(COMMON_MADE) FORCE
	$(call say,CLANG,$@)
	@mkdir -p $(@D)
	$(Q)clang -std=gnu11 -D_GNU_SOURCE -I. -g -O1 -pthread -fsanitize=fuzzer,address,undefined \
		-fno-sanitize-recover=all -o $@ tests/fuzz/$*.c $($*_more) $(COMMON_SRC) $(COMMON_MADE) \
		$(if $($*_more),$(p_libs),$(p_libcfg)) $($*_libs)

# Their seeds, recorded anew; the same octets each time, as long as GnuTLS is the same.
fuzz-tls-corpus fuzz-dtls-corpus: fuzz-%-corpus: $(O)/tests/fuzz/make_%_corpus
	mkdir -p tests/fuzz/corpus/fuzz_$*
	rm -f tests/fuzz/corpus/fuzz_$*/*
	$< tests/fuzz/corpus/fuzz_$*
$(O)/tests/fuzz/make_dtls_corpus: $(O)/tests/unit/dtls_peer.o
$(addprefix $(O)/tests/fuzz/,make_tls_corpus make_dtls_corpus): %: %.o \
		$(call objs,$(fuzz_tls_more)) $(O)/libcommon.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(p_ldflags) $(CFLAGS) $(LDFLAGS) -o $@ $(linked) $(p_libs) $(LDLIBS)

# ------------------------------------------------------------------ measuring

# Allocations are counted.
$(O)/tests/bench/micro: $(O)/tests/bench/micro.o $(O)/libcommon.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(p_ldflags) -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc $(CFLAGS) $(LDFLAGS) -o $@ $(linked) $(LDLIBS)
$(O)/tests/bench/udpload: $(O)/tests/bench/udpload.o
	$(call say,LINK,$@)
	$(Q)$(CC) $(p_ldflags) $(CFLAGS) $(LDFLAGS) -o $@ $(linked) $(LDLIBS)

# BENCH_ARGS=--record: what is counted now is the budget from now on.
bench: $(O)/dnsfwd $(O)/dnsfwd-testserver $(O)/tests/bench/micro $(O)/tests/bench/udpload
	@$(O)/tests/bench/micro
	@$(PYTHON) tests/bench/bench.py --build $(O) $(BENCH_ARGS)

$(O)/tests/bench/bench_names: %: %.o $(O)/libcommon.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(p_ldflags) $(CFLAGS) $(LDFLAGS) -o $@ $(linked) $(p_libcfg) $(LDLIBS)

bench-names: $(O)/tests/bench/bench_names
	@$<

# ------------------------------------------------------------------ e2e, lint, all checks

# Tests wait more than they work: four files at a time.
PYTEST = $(PYTHON) -m pytest -q -p no:cacheprovider -n 4 --dist loadfile $(PYTEST_ARGS)
e2e_env = DNSFWD=$(CURDIR)/$(O)/dnsfwd DNSFWDCTL=$(CURDIR)/$(O)/dnsfwdctl DNSFWD_TESTSERVER=$(CURDIR)/$(O)/dnsfwd-testserver \
	PYTHONDONTWRITEBYTECODE=1

check-e2e: $(O)/dnsfwd $(O)/dnsfwdctl server
	$(e2e_env) $(PYTEST) -m 'not long' tests/e2e

# The quick ones again, without sanitizers, and the long ones; what is sent in malice, sanitized; ten minutes of soak.
.PHONY: check-long-e2e check-long-hostile
check-long:
	@$(MAKE) --no-print-directory check-long-e2e
	@$(MAKE) --no-print-directory check-long-hostile
	@$(MAKE) --no-print-directory soak MINUTES=10

# The hostile ones run sanitized, by themselves: they fill both cores.
check-long-e2e: $(O)/dnsfwd $(O)/dnsfwdctl server
	$(e2e_env) $(PYTEST) --ignore tests/e2e/test_hostile.py tests/e2e
check-long-hostile:
	@$(MAKE) --no-print-directory -j $(JOBS) SAN=address,undefined check-hostile

.PHONY: check-hostile soak bench-faults
# Millions of mutated messages, in both directions.  DNSFWD_SEED=N: those of an earlier run.
check-hostile: $(O)/dnsfwd server
	$(e2e_env) $(PYTHON) -m pytest -q -s -p no:cacheprovider -m long tests/e2e/test_hostile.py

# Mixed load and faults of all kinds, for as long as one wants.
MINUTES ?= 10
soak: $(O)/dnsfwd server
	@$(e2e_env) $(PYTHON) tests/soak/soak.py --minutes $(MINUTES) $(SOAK_ARGS)

# What faults cost, beside unbound and stubby where they are installed.  Needs root.
bench-faults: $(O)/dnsfwd server
	@$(e2e_env) $(PYTHON) tests/bench/faults.py $(BENCH_ARGS)

lint:
	@CC='$(CC)' tests/lint.sh

# Installs what is missing, asks for root only then.
deps:
	@packaging/install-deps.sh build
deps-check:
	@packaging/install-deps.sh build check

# What is installed and packaged.
check-package: $(O)/dnsfwd $(O)/dnsfwdctl server check-musl
	@packaging/install-deps.sh build check package
	@$(e2e_env) $(PYTHON) -m pytest -q -p no:cacheprovider $(PYTEST_ARGS) tests/package

# Compiled against the headers of OpenWrt's and Alpine's C library; nothing is linked.
check-musl:
	@packaging/install-deps.sh build check package
	@packaging/check-musl.sh

check: deps-check
	@$(MAKE) --no-print-directory check-quick
check-quick:
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory -j $(JOBS) WERROR=1 check-unit check-fuzz
	@$(MAKE) --no-print-directory -j $(JOBS) SAN=address,undefined check-unit check-fuzz
	@$(MAKE) --no-print-directory -j $(JOBS) SAN=address,undefined check-e2e

# Routers are of many kinds: armhf has 32 bits, s390x has its octets the other way round.
CROSS ?= armhf s390x
.PHONY: check-cross
check-cross:
	@packaging/install-deps.sh build cross
	@JOBS=$(JOBS) packaging/check-cross.sh $(CROSS)

run: deps
	@$(MAKE) --no-print-directory -j $(JOBS) $(O)/dnsfwd $(O)/dnsfwdctl $(O)/dnsfwd-testserver
	@tests/run.sh $(O) '$(UPSTREAM)'

# ------------------------------------------------------------------ install, tarball

install_env = DESTDIR='$(DESTDIR)' O='$(O)' $(foreach d,SBINDIR BINDIR DATADIR DOCDIR MANDIR SYSCONFDIR UNITDIR \
	SYSUSERSDIR TMPFILESDIR BASHDIR ZSHDIR FISHDIR,$(d)='$($(d))')

# Builds nothing, so that root needs no compiler.
install uninstall:
	@$(install_env) packaging/install.sh $@

dist:
	@packaging/dist.sh $(VERSION) $(BUILD)/dnsfwd-$(VERSION).tar.gz

# Of what is committed, in a folder of its own; DEB_BUILD_OPTIONS=nocheck leaves the unit tests out.
deb:
	@packaging/deb.sh $(VERSION) $(BUILD)/deb

clean:
	rm -rf $(BUILD)

-include $(clocked:.o=.d) $(patsubst %.o,%.d,$(call objs,$(sort $(COMMON_SRC) $(PROXY_SRC) $(DNSTAP_SRC) $(CTL_SRC) $(SERVER_SRC))))
-include $(COMMON_MADE:.c=.d) $(wildcard $(O)/tests/unit/*.d $(O)/tests/fuzz/*.d $(O)/tests/bench/*.d)
