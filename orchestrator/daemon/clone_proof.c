#include "orchestrator/daemon/clone_proof.h"

#include <string.h>

/* Between the guest's look at its clock and the answer a loaded machine takes a while. */
#define CLOCK_TOLERANCE_S 30
#define FACTS_MAX 64 /* words that a guest may send */

/* What one host said. */
typedef struct {
    char *fa_name, *fa_id, *fa_random;
    gint64 fa_clock_s;
    GPtrArray *fa_macs, *fa_keys;
} Facts;

struct CloneProof {
    const Plan *cp_plan;
    Facts **cp_facts; /* one a host, NULL: nothing */
};

static void facts_free(Facts *facts)
{
    if (!facts)
        return;
    g_free(facts->fa_name);
    g_free(facts->fa_id);
    g_free(facts->fa_random);
    g_ptr_array_unref(facts->fa_macs);
    g_ptr_array_unref(facts->fa_keys);
    g_free(facts);
}

CloneProof *clone_proof_new(const Plan *plan)
{
    CloneProof *proof = g_new0(CloneProof, 1);

    proof->cp_plan = plan;
    proof->cp_facts = g_new0(Facts *, plan->p_hosts->len + 1);
    return proof;
}

void clone_proof_free(CloneProof *proof)
{
    if (!proof)
        return;
    for (guint i = 0; i < proof->cp_plan->p_hosts->len; i++)
        facts_free(proof->cp_facts[i]);
    g_free(proof->cp_facts);
    g_free(proof);
}

void clone_proof_forget(CloneProof *proof, int host)
{
    g_clear_pointer(&proof->cp_facts[host], facts_free);
}

/* ---- reading ---- */

static void keep(char **at, const char *value)
{
    g_free(*at);
    *at = g_strdup(value);
}

static void read_word(Facts *facts, const char *name, const char *value)
{
    if (strcmp(name, "name") == 0)
        keep(&facts->fa_name, value);
    else if (strcmp(name, "id") == 0)
        keep(&facts->fa_id, value);
    else if (strcmp(name, "random") == 0)
        keep(&facts->fa_random, value);
    else if (strcmp(name, "clock") == 0)
        facts->fa_clock_s = g_ascii_strtoll(value, NULL, 10);
    else if (strcmp(name, "mac") == 0)
        g_ptr_array_add(facts->fa_macs, g_ascii_strdown(value, -1));
    else if (strcmp(name, "key") == 0)
        g_ptr_array_add(facts->fa_keys, g_strdup(value));
}

static Facts *facts_read(const char *text)
{
    g_auto(GStrv) words = g_strsplit(text, " ", FACTS_MAX);
    Facts *facts = g_new0(Facts, 1);

    facts->fa_macs = g_ptr_array_new_with_free_func(g_free);
    facts->fa_keys = g_ptr_array_new_with_free_func(g_free);
    for (char **word = words; *word; word++) {
        char *value = strchr(*word, '=');

        if (!value)
            continue;
        *value++ = '\0';
        read_word(facts, *word, value);
    }
    return facts;
}

/* ---- comparing ---- */

static char *wrong_self(const PlanHost *host, const Facts *facts, gint64 now_us)
{
    gint64 off = facts->fa_clock_s - now_us / G_USEC_PER_SEC;

    if (g_strcmp0(facts->fa_name, host->ph_name) != 0)
        return g_strdup_printf("its name is %s, not %s",
                               facts->fa_name ? facts->fa_name : "unknown",
                               host->ph_name);
    if (!facts->fa_id || strlen(facts->fa_id) != 32 || !facts->fa_random)
        return g_strdup("it told no machine-id or no random numbers");
    if (ABS(off) > CLOCK_TOLERANCE_S)
        return g_strdup_printf("its clock is off by %" G_GINT64_FORMAT " s", off);
    if (facts->fa_macs->len != host->ph_nics->len)
        return g_strdup_printf("it has %u network cards, not %u", facts->fa_macs->len,
                               host->ph_nics->len);
    for (guint i = 0; i < host->ph_nics->len; i++) {
        const PlanNic *nic = host->ph_nics->pdata[i];

        if (!g_ptr_array_find_with_equal_func(facts->fa_macs, nic->ni_mac, g_str_equal,
                                              NULL))
            return g_strdup_printf("no network card of it has the MAC %s", nic->ni_mac);
    }
    return NULL;
}

/* What two hosts have in common and must not, or NULL. */
static const char *shared(const Facts *one, const Facts *other)
{
    if (g_strcmp0(one->fa_id, other->fa_id) == 0)
        return "machine-id";
    if (g_strcmp0(one->fa_random, other->fa_random) == 0)
        return "random numbers";
    for (guint i = 0; i < one->fa_keys->len; i++)
        if (g_ptr_array_find_with_equal_func(other->fa_keys, one->fa_keys->pdata[i],
                                             g_str_equal, NULL))
            return "ssh host key";
    return NULL;
}

static char *same_as_another(const CloneProof *proof, int host, const Facts *facts)
{
    for (guint i = 0; i < proof->cp_plan->p_hosts->len; i++) {
        const Facts *other = proof->cp_facts[i];
        const char *what = other && (int)i != host ? shared(facts, other) : NULL;

        if (what)
            return g_strdup_printf("it has the %s of %s", what,
                                   plan_host(proof->cp_plan, (int)i)->ph_id);
    }
    return NULL;
}

static json_t *facts_json(const Facts *facts, gint64 now_us)
{
    json_t *macs = json_array();

    for (guint i = 0; i < facts->fa_macs->len; i++)
        json_array_append_new(macs, json_string(facts->fa_macs->pdata[i]));
    return json_pack("{s:s*, s:s*, s:o, s:i, s:I}", "name", facts->fa_name, "machine_id",
                     facts->fa_id, "macs", macs, "ssh_keys", (int)facts->fa_keys->len,
                     "clock_off_s",
                     (json_int_t)(facts->fa_clock_s - now_us / G_USEC_PER_SEC));
}

json_t *clone_proof_take(CloneProof *proof, int host, const char *text, gint64 now_us,
                         char **finding)
{
    Facts *facts = facts_read(text);

    *finding = wrong_self(plan_host(proof->cp_plan, host), facts, now_us);
    if (!*finding)
        *finding = same_as_another(proof, host, facts);
    json_t *json = facts_json(facts, now_us);
    clone_proof_forget(proof, host);
    if (*finding)
        facts_free(facts);
    else
        proof->cp_facts[host] = facts;
    return json;
}

void clone_proof_recall(CloneProof *proof, int host, const char *text)
{
    clone_proof_forget(proof, host);
    proof->cp_facts[host] = facts_read(text);
}
