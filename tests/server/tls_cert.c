#include "tests/server/tls_cert.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/server/mem.h"

struct staple {
	gnutls_datum_t data;
};

static bool complain(const char *what, int code)
{
	fprintf(stderr, "%s: %s\n", what, gnutls_strerror(code));
	return false;
}

/* What the credentials have taken is not freed here. */
static int set_pair(struct tls_cert *c, gnutls_x509_crt_t *list, unsigned n, gnutls_privkey_t key)
{
	gnutls_pcert_st *chain = gnutls_calloc(n, sizeof *chain);
	int code = chain ? 0 : GNUTLS_E_MEMORY_ERROR;

	for (unsigned i = 0; !code && i < n; i++)
		code = gnutls_pcert_import_x509(&chain[i], list[i], 0);
	if (!code)
		code = gnutls_certificate_set_key(c->credentials, NULL, 0, chain, (int)n, key);
	gnutls_free(chain);
	return code;
}

static bool load_pair(struct tls_cert *c, const gnutls_datum_t *pem, const gnutls_datum_t *key_pem)
{
	gnutls_x509_crt_t *list = NULL;
	gnutls_privkey_t key = NULL;
	unsigned n = 0;
	int code = gnutls_x509_crt_list_import2(&list, &n, pem, GNUTLS_X509_FMT_PEM, 0);

	if (code >= 0)
		code = gnutls_privkey_init(&key);
	if (code >= 0)
		code = gnutls_privkey_import_x509_raw(key, key_pem, GNUTLS_X509_FMT_PEM, NULL, 0);
	if (code >= 0)
		code = set_pair(c, list, n, key);
	if (code < 0 && key)
		gnutls_privkey_deinit(key);
	for (unsigned i = 0; i < n; i++)
		gnutls_x509_crt_deinit(list[i]);
	gnutls_free(list);
	return code >= 0 || complain("certificate and key", code);
}

static bool load_files(struct tls_cert *c, const char *chain, const char *key)
{
	gnutls_datum_t chain_pem = { NULL, 0 }, key_pem = { NULL, 0 };
	int code = gnutls_load_file(chain, &chain_pem);
	bool ok;

	if (code < 0)
		return complain(chain, code);
	code = gnutls_load_file(key, &key_pem);
	ok = code < 0 ? complain(key, code) : load_pair(c, &chain_pem, &key_pem);
	gnutls_free(chain_pem.data);
	gnutls_free(key_pem.data);
	return ok;
}

static int on_status_request(gnutls_session_t session, void *arg, gnutls_datum_t *ret)
{
	const struct staple *staple = arg;

	(void)session;
	ret->data = gnutls_malloc(staple->data.size);
	if (!ret->data)
		return GNUTLS_E_MEMORY_ERROR;
	memcpy(ret->data, staple->data.data, staple->data.size);
	ret->size = staple->data.size;
	return 0;
}

static bool load_staple(struct tls_cert *c, const char *path)
{
	int code;

	c->staple = mem_new(sizeof *c->staple);
	code = gnutls_load_file(path, &c->staple->data);
	if (code >= 0)
		code = gnutls_certificate_set_ocsp_status_request_function2(
			c->credentials, 0, on_status_request, c->staple);
	return code >= 0 || complain(path, code);
}

struct tls_cert *tls_cert_load(const char *chain, const char *key, const char *staple)
{
	struct tls_cert *c = mem_new(sizeof *c);
	int code = gnutls_certificate_allocate_credentials(&c->credentials);

	if (code < 0)
		complain(chain, code);
	else if (load_files(c, chain, key) && (!staple || load_staple(c, staple)))
		return c;
	tls_cert_free(c);
	return NULL;
}

void tls_cert_free(struct tls_cert *c)
{
	if (c->credentials)
		gnutls_certificate_free_credentials(c->credentials);
	if (c->staple)
		gnutls_free(c->staple->data.data);
	free(c->staple);
	free(c);
}
