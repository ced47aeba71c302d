/* Runs a harness over the files and folders given as arguments, without a fuzzing engine. */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/fuzz/fuzz.h"

static unsigned long count;

static int complain(const char *path)
{
	fprintf(stderr, "%s: %s\n", path, strerror(errno));
	return 1;
}

/* The input lies in memory of exactly its size, so that a sanitizer sees a step beyond it. */
static int replay_file(const char *path, size_t size)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data = malloc(size ? size : 1);
	int bad = 0;

	if (!f || !data || fread(data, 1, size, f) != size) {
		bad = complain(path);
	} else {
		LLVMFuzzerTestOneInput(data, size);
		count++;
	}
	free(data);
	if (f)
		fclose(f);
	return bad;
}

static int replay(const char *path);

static int replay_folder(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int bad = 0;

	if (!dir)
		return complain(path);
	while ((entry = readdir(dir)) != NULL) {
		char inner[4096];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(inner, sizeof inner, "%s/%s", path, entry->d_name);
		bad |= replay(inner);
	}
	closedir(dir);
	return bad;
}

static int replay(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return complain(path);
	return S_ISDIR(st.st_mode) ? replay_folder(path) : replay_file(path, (size_t)st.st_size);
}

int main(int argc, char **argv)
{
	int bad = 0;

	for (int i = 1; i < argc; i++)
		bad |= replay(argv[i]);
	printf("%lu inputs\n", count);
	return bad || count == 0;
}
