/*
 * The configuration of another program in dnsfwd's own syntax: stubby's, systemd-resolved's, unbound's.
 * Each reader takes the text of a file (len octets, a NUL behind them) into the draft, and notes what could
 * not be carried over.
 */
#ifndef PROXY_IMPORT_IMPORT_H
#define PROXY_IMPORT_IMPORT_H

#include "proxy/import/draft.h"

enum import_kind { IMPORT_UNKNOWN = 0, IMPORT_STUBBY, IMPORT_RESOLVED, IMPORT_UNBOUND };

/* False: not one of "stubby", "resolved", "unbound". */
bool import_kind_parse(const char *word, enum import_kind *ret);
/* By name, else by what stands in it. */
enum import_kind import_kind_guess(const char *name, const char *text);

/* False: it is none, error says why. */
bool import_stubby(struct draft *d, const char *text, size_t len, char *error, size_t size);
void import_resolved(struct draft *d, const char *text);
void import_unbound(struct draft *d, const char *text);

/*
 * dnsfwd --import: prints the configuration on stdout, notes on stderr.  kind: what was written behind
 * --import-kind, or NULL; upstreams: for a file that names none.  Returns an exit code (design 6).
 */
int import_command(const char *file, const char *kind, const char *const *upstreams, size_t count);

#endif
