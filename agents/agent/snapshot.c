#include "agents/agent/snapshot.h"

#include "agents/agent/order.h"
#include "agents/agent/snapshot_parts.h"
#include "agents/agent/text.h"

#include <string.h>

#define TIMEOUT_MS 60000
#define OUT_MAX (4 << 20)

static const struct part {
    const char *name;
    bool (*gather)(const struct wire_snapshot *ask);
} parts[] = {
    {"processes", snapshot_processes}, {"ports", snapshot_ports},
    {"users", snapshot_users},         {"crontabs", snapshot_crontabs},
    {"units", snapshot_units},         {"files", snapshot_files},
    {"firewall", snapshot_firewall},
};

#define N_PARTS (sizeof(parts) / sizeof(parts[0]))

static const struct part *find(const char *name)
{
    for (size_t i = 0; i < N_PARTS; i++)
        if (strcmp(parts[i].name, name) == 0)
            return &parts[i];
    return NULL;
}

/* In the process of its own. */
static int gather(const void *arg)
{
    const struct wire_snapshot *ask = arg;
    int status = 0;

    for (size_t i = 0; i < ask->n_parts; i++)
        if (!find(ask->parts[i])->gather(ask))
            status = 1;
    return status;
}

void snapshot_take(struct agent *a, struct wire_msg *m)
{
    for (size_t i = 0; i < m->snapshot.n_parts; i++)
        if (!find(m->snapshot.parts[i])) {
            agent_refuse(a, m, "a snapshot has no part %s", m->snapshot.parts[i]);
            return;
        }
    struct order_inner inner = {.main = gather,
                                .arg = &m->snapshot,
                                .timeout_ms = TIMEOUT_MS,
                                .out_max = OUT_MAX};
    order_inner(a, m, &inner);
}
