#include "proxy/upstream/flights.h"

#include "proxy/upstream/session.h"

bool flights_any(const struct request *r)
{
	for (size_t i = 0; i < REQUEST_FLIGHTS_MAX; i++)
		if (r->flights[i].session)
			return true;
	return false;
}

bool flights_any_fresh(const struct request *r)
{
	for (size_t i = 0; i < REQUEST_FLIGHTS_MAX; i++)
		if (r->flights[i].session && !r->flights[i].late)
			return true;
	return false;
}

unsigned flights_over(const struct request *r, bool streams)
{
	unsigned n = 0;

	for (size_t i = 0; i < REQUEST_FLIGHTS_MAX; i++)
		n += r->flights[i].session && session_is_stream(r->flights[i].session) == streams;
	return n;
}

void flights_forget(struct request *r)
{
	for (size_t i = 0; i < REQUEST_FLIGHTS_MAX; i++)
		if (r->flights[i].session)
			session_forget(&r->flights[i]);
}

struct flight *flights_free(struct request *r)
{
	for (size_t i = 0; i < REQUEST_FLIGHTS_MAX; i++)
		if (!r->flights[i].session)
			return &r->flights[i];
	return NULL;
}

struct flight *flights_take(struct request *r)
{
	struct flight *f = flights_free(r);

	*f = (struct flight){ .request = r };
	return f;
}
