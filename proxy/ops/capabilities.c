#include "proxy/ops/capabilities.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A set of 64 in two words, as the kernel has it. */
struct sets {
	struct __user_cap_data_struct word[_LINUX_CAPABILITY_U32S_3];
};

static int get(struct sets *ret)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };

	return syscall(SYS_capget, &h, ret->word) < 0 ? -errno : 0;
}

static int set(const struct sets *s)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };

	return syscall(SYS_capset, &h, s->word) < 0 ? -errno : 0;
}

int capabilities_effective(uint64_t *ret)
{
	struct sets s;
	int err = get(&s);

	if (err == 0)
		*ret = s.word[0].effective | (uint64_t)s.word[1].effective << 32;
	return err;
}

void capabilities_drop_bounding(void)
{
	for (unsigned long c = 0; prctl(PR_CAPBSET_READ, c, 0, 0, 0) >= 0; c++)
		prctl(PR_CAPBSET_DROP, c, 0, 0, 0);
}

int capabilities_limit(uint64_t keep)
{
	struct sets s;
	int err = get(&s);

	if (err < 0)
		return err;
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (unsigned i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		s.word[i].permitted &= (uint32_t)(keep >> (32 * i));
		s.word[i].effective = s.word[i].permitted;
		s.word[i].inheritable = 0;
	}
	return set(&s);
}
