/*
 * Static build only. libevent's evutil.o refers to the resolver and to NSS, although the
 * agent never calls what does. These stand in for libc's, so that neither they nor the
 * shared objects that they would load at run time are in the program: the agent makes no
 * resolver and no NSS call, by construction.
 */
#include <netdb.h>
#include <stddef.h>

int getaddrinfo(const char *restrict name, const char *restrict service,
                const struct addrinfo *restrict hints, struct addrinfo **restrict list)
{
    (void)name;
    (void)service;
    (void)hints;
    *list = NULL;
    return EAI_FAIL;
}

void freeaddrinfo(struct addrinfo *list)
{
    (void)list;
}

struct servent *getservbyname(const char *name, const char *proto)
{
    (void)name;
    (void)proto;
    return NULL;
}

struct protoent *getprotobynumber(int proto)
{
    (void)proto;
    return NULL;
}
