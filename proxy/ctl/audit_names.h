/*
 * The names that an audit asks for: public ones that were made for this, or such that somebody serves
 * in a network of their own.  "*" in one stands for letters that nobody has asked for before.  "": what it
 * is for is not measured.
 */
#ifndef PROXY_CTL_AUDIT_NAMES_H
#define PROXY_CTL_AUDIT_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/config/errors.h"

#define AUDIT_NAME_MAX 254u

struct audit_names {
	char good[AUDIT_NAME_MAX];	     /* has an A record, signed */
	char bogus[AUDIT_NAME_MAX];	     /* has an A record, and a signature that is broken */
	char nxdomain[AUDIT_NAME_MAX];	     /* does not exist */
	char slow[AUDIT_NAME_MAX];	     /* takes longer than `good` does from a cache */
	char minimising[AUDIT_NAME_MAX];     /* a TXT record that tells what its name server saw, */
	char minimising_yes[AUDIT_NAME_MAX]; /* with this in it if that was little */
	char subnet[AUDIT_NAME_MAX];	     /* a TXT record that tells the client subnet which */
	char subnet_yes[AUDIT_NAME_MAX];     /* its name server was told, behind this */
};

void audit_names_defaults(struct audit_names *names);

/*
 * Settings of a file in the configuration's syntax: their names are those of audit_names_keys; what
 * is not written stays as it is.  False: complaints were made.
 */
bool audit_names_load(struct audit_names *names, const char *text, size_t len, const char *file,
	struct config_errors *errors);

/* "good=www.example.net", as on the command line.  False: error says why. */
bool audit_names_set(struct audit_names *names, const char *text, char *error, size_t size);

/* "good, bogus, ...": static. */
const char *audit_names_keys(void);

/* The wire form of a name, random letters for "*"; its length, 0: not to be asked for. */
size_t audit_name_wire(const char *name, uint8_t *ret_name);

#endif
