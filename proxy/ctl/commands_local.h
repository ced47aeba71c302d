/* Commands that do their work here, without a running dnsfwd: struct ctl_command's `local`. */
#ifndef PROXY_CTL_COMMANDS_LOCAL_H
#define PROXY_CTL_COMMANDS_LOCAL_H

struct ctl_options;

/* Measures and grades resolvers.  CTL_UNHEALTHY: a grade is below that of --fail-below. */
int ctl_audit(int argc, char **argv, const struct ctl_options *o);
extern const char ctl_audit_help[];

/* Points this system at dnsfwd, and back.  CTL_FAILED: something is in the way. */
int ctl_setup(int argc, char **argv, const struct ctl_options *o);
extern const char ctl_setup_help[];

#endif
