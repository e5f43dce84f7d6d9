#include "orchestrator/range/stand.h"

enum { STAND_ALL = 1, STAND_HOST = 2 };

struct Stand {
    guint st_hosts;
    guint *st_words; /* a host each, the last: nobody's */
};

Stand *stand_new(guint hosts)
{
    Stand *stand = g_new0(Stand, 1);

    stand->st_hosts = hosts;
    stand->st_words = g_new0(guint, hosts + 1);
    return stand;
}

void stand_free(Stand *stand)
{
    if (!stand)
        return;
    g_free(stand->st_words);
    g_free(stand);
}

static void set(guint *word, guint reason, gboolean still)
{
    if (still)
        g_atomic_int_or(word, reason);
    else
        g_atomic_int_and(word, ~reason);
}

void stand_all(Stand *stand, gboolean still)
{
    for (guint i = 0; i <= stand->st_hosts; i++)
        set(&stand->st_words[i], STAND_ALL, still);
}

void stand_host(Stand *stand, int host, gboolean still)
{
    set(&stand->st_words[host], STAND_HOST, still);
}

const int *stand_of(const Stand *stand, int host)
{
    return (const int *)&stand->st_words[host < 0 ? stand->st_hosts : (guint)host];
}
