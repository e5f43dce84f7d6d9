#include "orchestrator/range/filter.h"

#include "orchestrator/range/netns.h"
#include "orchestrator/range/range.h"

#include <errno.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define TABLE_PREFIX "parry-"

/*
 * What all ports share: two maps from a port's name to its chain, and the two chains that
 * ask them. "from" is from the guest. Where NAT on a bridge would happen: before a frame
 * is learnt from and after it is known where it goes. The words T stand for the table.
 */
static const char *const frame[] = {
    "add table bridge T",
    "add map bridge T from_port { type ifname : verdict; }",
    "add map bridge T to_port { type ifname : verdict; }",
    "add chain bridge T from { type filter hook prerouting priority -300; "
    "policy accept; }",
    "add chain bridge T to { type filter hook postrouting priority 300; policy accept; }",
    "flush chain bridge T from",
    "flush chain bridge T to",
    "add rule bridge T from iifname vmap @from_port",
    "add rule bridge T to oifname vmap @to_port",
};

/*
 * One port's part: P its name, M its MAC, A its address. A frame passes by an accept or
 * not at all. ARP whose addresses are not 6 and 4 bytes long would be read elsewhere than
 * it was checked; IPv4 whose header makes no sense has no l4proto, and no UDP port.
 */
static const char *const port_part[] = {
    "add chain bridge T from_P",
    "flush chain bridge T from_P",
    "add rule bridge T from_P ether saddr M ether type arp arp htype 1 arp ptype ip "
    "arp hlen 6 arp plen 4 arp saddr ether M arp saddr ip A accept",
    "add rule bridge T from_P ether type ip udp sport 67 drop",
    "add rule bridge T from_P ether saddr M ether type ip ip saddr A "
    "meta l4proto 0-254 accept",
    "add rule bridge T from_P drop",
    "add chain bridge T to_P",
    "flush chain bridge T to_P",
    "add rule bridge T to_P ether daddr M ether type arp accept",
    "add rule bridge T to_P ether daddr M ether type ip accept",
    "add rule bridge T to_P ether daddr ff:ff:ff:ff:ff:ff ether type arp accept",
    "add rule bridge T to_P ether daddr ff:ff:ff:ff:ff:ff ether type ip accept",
    "add rule bridge T to_P drop",
    "add element bridge T from_port { \"P\" : jump from_P }",
    "add element bridge T to_port { \"P\" : jump to_P }",
};

typedef struct {
    const char *wo_table, *wo_port, *wo_mac, *wo_address;
} Words;

gboolean filter_needed(const Plan *plan, const PlanNic *nic)
{
    const PlanNetwork *net = g_ptr_array_index(plan->p_networks, nic->ni_network);

    return net->pn_team < 0;
}

char *filter_port(const Plan *plan, int host, int nic)
{
    g_autofree char *hash =
        g_compute_checksum_for_string(G_CHECKSUM_SHA256, plan->p_uuid, -1);
    guint number = (guint)nic;

    for (int i = 0; i < host; i++)
        number += ((const PlanHost *)g_ptr_array_index(plan->p_hosts, i))->ph_nics->len;
    return g_strdup_printf("pr%.6sp%u", hash, number);
}

char *filter_table(const char *drill)
{
    return g_strconcat(TABLE_PREFIX, drill, NULL);
}

char *filter_drill(const char *table)
{
    const char *drill = table + strlen(TABLE_PREFIX);

    return g_str_has_prefix(table, TABLE_PREFIX) && g_uuid_string_is_valid(drill)
               ? g_strdup(drill)
               : NULL;
}

/* ---- rules ---- */

/* A letter stands for a word where it stands alone, or after the "_" of a chain. */
static const char *word_of(const Words *words, const char *text, const char *at)
{
    gboolean alone = (at == text || !g_ascii_isalnum(at[-1])) && !g_ascii_isalnum(at[1]);

    if (!alone)
        return NULL;
    switch (*at) {
    case 'T':
        return words->wo_table;
    case 'P':
        return words->wo_port;
    case 'M':
        return words->wo_mac;
    case 'A':
        return words->wo_address;
    default:
        return NULL;
    }
}

static void add_commands(GString *rules, const char *const *commands, guint n,
                         const Words *words)
{
    for (guint i = 0; i < n; i++) {
        for (const char *at = commands[i]; *at; at++) {
            const char *word = word_of(words, commands[i], at);

            if (word)
                g_string_append(rules, word);
            else
                g_string_append_c(rules, *at);
        }
        g_string_append_c(rules, '\n');
    }
}

char *filter_rules(const Plan *plan, const char *drill, int host)
{
    const PlanHost *owner = g_ptr_array_index(plan->p_hosts, host);
    g_autofree char *table = filter_table(drill);
    GString *rules = g_string_new(NULL);

    for (guint i = 0; i < owner->ph_nics->len; i++) {
        const PlanNic *nic = g_ptr_array_index(owner->ph_nics, i);
        g_autofree char *port = filter_port(plan, host, (int)i);
        g_autofree char *address = plan_addr_text(nic->ni_addr);
        Words words = {table, port, nic->ni_mac, address};

        if (!filter_needed(plan, nic))
            continue;
        if (!rules->len)
            add_commands(rules, frame, G_N_ELEMENTS(frame), &words);
        add_commands(rules, port_part, G_N_ELEMENTS(port_part), &words);
    }
    return g_string_free(rules, FALSE);
}

/* ---- nft, in the namespace that this thread stands in ---- */

/* The rules as a file that nft can open; -1 with error. */
static int rules_file(const char *rules, GError **error)
{
    int fd = memfd_create("parry-filter", MFD_CLOEXEC);
    size_t left = strlen(rules);
    ssize_t n = 0;

    for (; fd >= 0 && left && (n = write(fd, rules, left)) > 0; rules += n)
        left -= (size_t)n;
    if (fd >= 0 && !left)
        return fd;
    g_set_error(error, RANGE_ERROR, RANGE_ERROR_FAILED, "filter: keep its rules: %s",
                g_strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

static gboolean apply_here(const char *rules, GError **error)
{
    int fd = rules_file(rules, error);
    g_autofree char *path = g_strdup_printf("/proc/%d/fd/%d", (int)getpid(), fd);
    const char *const args[] = {"-f", path, NULL};
    gboolean applied;

    if (fd < 0)
        return FALSE;
    applied = netns_output("nft", args, NULL, error);
    close(fd);
    return applied;
}

typedef struct {
    const char *vi_text; /* rules, or a table */
    char *vi_out;
} Visit;

static gboolean visit_apply(gpointer data, GError **error)
{
    return apply_here(((Visit *)data)->vi_text, error);
}

static gboolean visit_list(gpointer data, GError **error)
{
    static const char *const args[] = {"list", "tables", "bridge", NULL};

    return netns_output("nft", args, &((Visit *)data)->vi_out, error);
}

static gboolean visit_remove(gpointer data, GError **error)
{
    const char *const args[] = {"delete", "table", "bridge", ((Visit *)data)->vi_text,
                                NULL};

    return netns_output("nft", args, NULL, error);
}

gboolean filter_apply(const char *uri, const char *rules, GError **error)
{
    Visit visit = {rules, NULL};

    return !*rules || netns_enter(uri, visit_apply, &visit, error);
}

gboolean filter_remove(const char *uri, const char *table, GError **error)
{
    Visit visit = {table, NULL};

    return netns_enter(uri, visit_remove, &visit, error);
}

GPtrArray *filter_list(const char *uri, GError **error)
{
    g_autofree char *socket = netns_socket(uri);
    GPtrArray *tables;
    Visit visit = {0};

    if (socket && !netns_enter(uri, visit_list, &visit, error))
        return NULL;
    g_auto(GStrv) lines = g_strsplit(visit.vi_out ? visit.vi_out : "", "\n", -1);
    tables = g_ptr_array_new_with_free_func(g_free);
    for (guint i = 0; lines[i]; i++) {
        const char *table = strrchr(lines[i], ' ');
        g_autofree char *drill = table ? filter_drill(table + 1) : NULL;

        if (drill)
            g_ptr_array_add(tables, g_strdup(table + 1));
    }
    g_free(visit.vi_out);
    return tables;
}

/* ---- the proof ---- */

char *filter_print(const char *drill)
{
    g_autofree char *table = filter_table(drill);
    const char *const args[] = {"list", "table", "bridge", table, NULL};
    char *out = NULL;

    return netns_output("nft", args, &out, NULL) ? out : NULL;
}

typedef struct {
    const Plan *re_plan;
    const char *re_drill;
    char *re_out;
} Rehearsal;

static gpointer rehearse_main(gpointer data)
{
    Rehearsal *rehearsal = data;
    g_autoptr(GString) rules = g_string_new(NULL);

    for (guint i = 0; i < rehearsal->re_plan->p_hosts->len; i++) {
        g_autofree char *part =
            filter_rules(rehearsal->re_plan, rehearsal->re_drill, (int)i);

        g_string_append(rules, part);
    }
    if (unshare(CLONE_NEWNET) == 0 && apply_here(rules->str, NULL))
        rehearsal->re_out = filter_print(rehearsal->re_drill);
    return NULL;
}

/* A thread of its own, as for any change of namespace; the new one ends with it. */
char *filter_rehearse(const Plan *plan, const char *drill)
{
    Rehearsal rehearsal = {plan, drill, NULL};
    GThread *thread = g_thread_try_new("range-filter", rehearse_main, &rehearsal, NULL);

    if (thread)
        g_thread_join(thread);
    return rehearsal.re_out;
}

/* The text between `HEAD {` and its `}`; NULL: there is no such part. */
static char *part_of(const char *printed, const char *head)
{
    g_autofree char *open = g_strconcat("\t", head, " {\n", NULL);
    const char *start = printed ? strstr(printed, open) : NULL;
    const char *end = start ? strstr(start, "\n\t}\n") : NULL;

    return end ? g_strndup(start, (gsize)(end - start)) : NULL;
}

/* What stands before the first part: flags, of which one would switch all off. */
static char *head_of(const char *printed)
{
    const char *end = printed ? strstr(printed, "\tmap ") : NULL;

    return end ? g_strndup(printed, (gsize)(end - printed)) : NULL;
}

static gboolean same_part(const char *printed, const char *rehearsed, const char *kind,
                          const char *direction, const char *port)
{
    g_autofree char *head = port ? g_strconcat(kind, " ", direction, "_", port, NULL)
                                 : g_strconcat(kind, " ", direction, NULL);
    g_autofree char *is = part_of(printed, head);
    g_autofree char *should = part_of(rehearsed, head);

    return is && should && g_str_equal(is, should);
}

static gboolean leads(const char *printed, const char *direction, const char *port)
{
    g_autofree char *head = g_strconcat("map ", direction, "_port", NULL);
    g_autofree char *map = part_of(printed, head);
    g_autofree char *entry =
        g_strdup_printf("\"%s\" : jump %s_%s", port, direction, port);
    const char *at = map ? strstr(map, entry) : NULL;

    return at && !g_ascii_isalnum(at[strlen(entry)]);
}

gboolean filter_holds(const char *printed, const char *rehearsed, const char *port)
{
    static const char *const directions[] = {"from", "to"};
    g_autofree char *is = head_of(printed), *should = head_of(rehearsed);
    gboolean holds = is && should && g_str_equal(is, should);

    for (guint i = 0; i < G_N_ELEMENTS(directions) && holds; i++)
        holds = same_part(printed, rehearsed, "chain", directions[i], NULL) &&
                same_part(printed, rehearsed, "chain", directions[i], port) &&
                leads(printed, directions[i], port);
    return holds;
}
