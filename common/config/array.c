/* Arrays of texts: load_array(). */
#include "common/config/load.h"

#include <libconfig.h>

#include "common/config/value.h"

static const char *wanted(const struct option *o)
{
	switch (o->type) {
	case OPTION_LISTEN:
		return "an array of addresses is wanted, like [ \"127.0.0.1\", \"::1\" ]";
	case OPTION_PREFIXES:
		return "an array of networks is wanted, like [ \"127.0.0.0/8\", \"::1/128\" ]";
	case OPTION_FORWARD:
		return "an array of 1 to 16 upstreams is wanted, like [ \"quad9\" ] or "
		       "[ \"tls://9.9.9.9#dns.quad9.net\" ]";
	case OPTION_SERVERS:
		return "an array of addresses is wanted, like [ \"9.9.9.9\", \"1.1.1.1\" ]";
	case OPTION_PINS:
		return "a pin in quotes or an array of at most 16 is wanted, each the SHA-256 "
		       "digest of a public key in base64";
	case OPTION_FILES:
		return "an array of file names is wanted, like [ \"/etc/hosts\" ]";
	case OPTION_NAMES:
	case OPTION_SPECIALS:
		return "an array of domain names is wanted, like [ \"home.arpa\" ]";
	case OPTION_RECORDS:
		return "an array of records is wanted, like [ \"nas.lan A 192.168.1.5\" ]";
	case OPTION_PRIVATE:
		return "an array of networks is wanted, like [ \"192.168.0.0/16\" ], or [ \"all\" "
		       "]";
	default:
		return "an address in quotes or an array of them is wanted, like \"9.9.9.9\" or "
		       "[ \"9.9.9.9\", \"2620:fe::fe\" ]";
	}
}

static void refuse(struct loader *l, const struct option *o, const config_setting_t *s)
{
	char value[VALUE_TEXT_MAX];

	value_refuse(l->errors, load_place(l, s), o, value_text(s, value), wanted(o));
}

static bool check_count(struct loader *l, const struct option *o, const config_setting_t *s)
{
	unsigned count = (unsigned)config_setting_length(s);

	if (count < o->min) {
		refuse(l, o, s);
	} else if (count > o->max) {
		errors_add(l->errors, load_place(l, s),
			"option \"%s\": %u entries: at most %llu are allowed", o->name, count,
			(unsigned long long)o->max);
	} else {
		return true;
	}
	return false;
}

void load_array(
	struct loader *l, const struct option *o, const config_setting_t *s, load_entry *entry)
{
	int type = config_setting_type(s);

	if (type != CONFIG_TYPE_ARRAY && type != CONFIG_TYPE_LIST) {
		refuse(l, o, s);
		return;
	}
	if (!check_count(l, o, s))
		return;
	for (int i = 0; i < config_setting_length(s); i++) {
		const config_setting_t *element = config_setting_get_elem(s, (unsigned)i);
		const char *text = config_setting_get_string(element);

		if (text)
			entry(l, o, text, load_place(l, element));
		else
			refuse(l, o, element);
	}
}
