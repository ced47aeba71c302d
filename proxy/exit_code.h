/* Exit codes (design 6). */
#ifndef PROXY_EXIT_CODE_H
#define PROXY_EXIT_CODE_H

enum exit_code {
	EXIT_OK = 0,
	EXIT_CONFIG = 1,
	EXIT_NETWORK = 2,
	EXIT_FILES = 3,
	EXIT_MEMORY = 4,
	EXIT_OTHER = 5,
};

#endif
