#include "proxy/upstream/dtls_library.h"

#include <dlfcn.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DPKG_STATUS "/var/lib/dpkg/status"
#define PACKAGE_MAX 64u

/* From here on upstream has mended it. */
static const unsigned needed[] = { 3, 8, 13 };

/* Debian 12; of others no mended version is known. */
#define DEBIAN_BASE   "3.7.9-2+deb12u"
#define DEBIAN_NEEDED 7u

/* ------------------------------------------------------------------ versions */

static bool is_new_enough(const char *version)
{
	unsigned part[3];

	if (sscanf(version, "%5u.%5u.%5u", &part[0], &part[1], &part[2]) != 3)
		return false;
	for (size_t i = 0; i < 3; i++)
		if (part[i] != needed[i])
			return part[i] > needed[i];
	return true;
}

/* "", or that it was only built again ("+b1"): what else stands behind may mean an older one. */
static bool is_rebuild(const char *rest)
{
	if (*rest == '\0')
		return true;
	return strncmp(rest, "+b", 2) == 0 && rest[2] &&
	       strspn(rest + 2, "0123456789") == strlen(rest + 2);
}

static bool is_mended_package(const char *package)
{
	size_t base = sizeof DEBIAN_BASE - 1;
	char *rest;
	unsigned long update;

	if (strncmp(package, DEBIAN_BASE, base) != 0 || package[base] < '0' || package[base] > '9')
		return false;
	update = strtoul(package + base, &rest, 10);
	return update >= DEBIAN_NEEDED && is_rebuild(rest);
}

/* ------------------------------------------------------------------ packages */

/* What a paragraph of dpkg's list says, line by line (deb822). */
struct paragraph {
	bool is_library, is_installed;
	char version[PACKAGE_MAX];
};

/* The value of a field; NULL: it is another one. */
static const char *value_of(const char *line, const char *field)
{
	size_t len = strlen(field);

	return strncmp(line, field, len) == 0 ? line + len : NULL;
}

static void read_line(struct paragraph *p, const char *line)
{
	const char *value;

	if ((value = value_of(line, "Package: ")))
		p->is_library =
			strcmp(value, "libgnutls30") == 0 || strcmp(value, "libgnutls30t64") == 0;
	else if ((value = value_of(line, "Status: ")))
		p->is_installed = strcmp(value, "install ok installed") == 0 ||
				  strcmp(value, "hold ok installed") == 0;
	else if ((value = value_of(line, "Version: ")))
		snprintf(p->version, sizeof p->version, "%s", value);
}

/* Of several (for other architectures) the one that is not mended counts. */
static void end_paragraph(struct paragraph *p, char package[PACKAGE_MAX])
{
	if (p->is_library && p->is_installed && p->version[0] &&
		(!*package || is_mended_package(package)))
		memcpy(package, p->version, PACKAGE_MAX);
	*p = (struct paragraph){ .is_library = false };
}

/* "": not installed by dpkg. */
static void find_package(const char *path, char package[PACKAGE_MAX])
{
	struct paragraph p = { .is_library = false };
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;

	package[0] = '\0';
	if (!f)
		return;
	while (getline(&line, &size, f) >= 0) {
		line[strcspn(line, "\n")] = '\0';
		if (*line)
			read_line(&p, line);
		else
			end_paragraph(&p, package);
	}
	end_paragraph(&p, package);
	free(line);
	fclose(f);
}

/* Where packages put libraries; not what somebody built into /usr/local. */
static bool is_of_the_system(const char *path)
{
	return path && (strncmp(path, "/usr/lib/", 9) == 0 || strncmp(path, "/lib/", 5) == 0);
}

/* The package's version begins with the library's own, or it is not where it comes from. */
static bool fits(const char *package, const char *version)
{
	size_t len = strlen(version);

	return strncmp(package, version, len) == 0 && package[len] == '-';
}

/* ------------------------------------------------------------------ the judgement */

bool dtls_library_judge(const struct dtls_library *l, char why[DTLS_LIBRARY_WHY_MAX])
{
	char package[PACKAGE_MAX] = "", where[PACKAGE_MAX + 16] = "";

	if (is_new_enough(l->version))
		return true;
	if (is_of_the_system(l->path))
		find_package(l->dpkg_status, package);
	if (*package && fits(package, l->version) && is_mended_package(package))
		return true;
	if (*package)
		snprintf(where, sizeof where, " (package %s)", package);
	snprintf(why, DTLS_LIBRARY_WHY_MAX,
		"GnuTLS %.20s%s has known holes in DTLS, CVE-2026-33845 and others, or is not "
		"known to "
		"be mended; needed is 3.8.13, or Debian's " DEBIAN_BASE "7",
		l->version, where);
	return false;
}

bool dtls_library_is_safe(const char **ret_why)
{
	static char why[DTLS_LIBRARY_WHY_MAX];
	struct dtls_library l = { .version = gnutls_check_version(NULL),
		.dpkg_status = DPKG_STATUS };
	Dl_info info;
	void *symbol;

	/* ISO C has no cast from a function to an object. */
	symbol = dlsym(RTLD_DEFAULT, "gnutls_check_version");
	if (symbol && dladdr(symbol, &info))
		l.path = info.dli_fname;
	*ret_why = why;
	return dtls_library_judge(&l, why);
}
