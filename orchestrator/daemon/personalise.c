#include "orchestrator/daemon/personalise.h"

#include <string.h>

/*
 * A line holds 64 KiB: small files ride along, larger ones go ahead in pieces. Ahead
 * means before the host's users are made, so a file that belongs to one of them rides
 * along, up to what fits; the total is bounded too.
 */
#define INLINE_MAX 2048
#define INLINE_OWNED_MAX 16384
#define INLINE_TOTAL 24576
#define INLINE_COUNT 32
#define PIECE_MAX 32768
#define PERSONALISE_TIMEOUT_US (120 * G_USEC_PER_SEC)

static json_t *json_addr(guint32 addr)
{
    g_autofree char *text = plan_addr_text(addr);

    return json_string(text);
}

static json_t *json_strv(char **strv)
{
    json_t *list = json_array();

    for (; strv && *strv; strv++)
        json_array_append_new(list, json_string(*strv));
    return list;
}

static json_t *json_bytes(const guint8 *bytes, gsize len)
{
    g_autofree char *text = g_base64_encode(bytes, len);

    return json_string(text);
}

static json_t *network_members(const Plan *plan, const PlanHost *host)
{
    json_t *nics = json_array(), *routes = json_array(), *names = json_array();

    for (guint i = 0; i < host->ph_nics->len; i++) {
        const PlanNic *nic = host->ph_nics->pdata[i];
        json_array_append_new(nics,
                              json_pack("{s:s, s:o, s:i}", "mac", nic->ni_mac, "addr",
                                        json_addr(nic->ni_addr), "prefix",
                                        plan_network(plan, nic->ni_network)->pn_prefix));
    }
    for (guint i = 0; i < host->ph_routes->len; i++) {
        const PlanRoute *route = host->ph_routes->pdata[i];
        g_autofree char *dest = plan_addr_text(route->pr_dest);
        g_autofree char *to = g_strdup_printf("%s/%d", dest, route->pr_prefix);
        json_array_append_new(
            routes, json_pack("{s:s, s:o}", "to", to, "via", json_addr(route->pr_via)));
    }
    for (guint i = 0; i < host->ph_names->len; i++) {
        const PlanName *name = host->ph_names->pdata[i];
        json_array_append_new(names, json_pack("[o, o]", json_addr(name->pd_addr),
                                               json_strv(name->pd_names)));
    }
    return json_pack("{s:o, s:o, s:o}", "nics", nics, "routes", routes, "hosts", names);
}

static json_t *users_member(const PlanHost *host)
{
    json_t *users = json_array();

    for (guint i = 0; i < host->ph_users->len; i++) {
        const PlanUser *user = host->ph_users->pdata[i];
        json_t *entry = json_pack("{s:s, s:i, s:o}", "name", user->pu_name, "uid",
                                  user->pu_uid, "groups", json_strv(user->pu_groups));
        if (user->pu_shell)
            json_object_set_new(entry, "shell", json_string(user->pu_shell));
        if (user->pu_password)
            json_object_set_new(entry, "password", json_string(user->pu_password));
        json_array_append_new(users, entry);
    }
    return users;
}

static void set_network(json_t *rule, const char *key, guint32 addr, int prefix)
{
    g_autofree char *text = plan_addr_text(addr);
    g_autofree char *network = g_strdup_printf("%s/%d", text, prefix);

    if (prefix)
        json_object_set_new(rule, key, json_string(network));
}

/* What is as it is by default is left away: a line holds 1024 values. */
static json_t *rules_member(const PlanHost *host)
{
    static const char *const actions[] = {"accept", "drop", "reject"};
    json_t *rules = json_array();

    for (guint i = 0; i < host->ph_rules->len; i++) {
        const PlanWallRule *entry = host->ph_rules->pdata[i];
        json_t *rule = json_pack("{s:s, s:s, s:s}", "name", entry->pw_name, "proto",
                                 entry->pw_proto, "action", actions[entry->pw_action]);
        set_network(rule, "from", entry->pw_from, entry->pw_from_prefix);
        set_network(rule, "to", entry->pw_to, entry->pw_to_prefix);
        if (entry->pw_first_port) {
            json_object_set_new(rule, "first", json_integer(entry->pw_first_port));
            json_object_set_new(rule, "last", json_integer(entry->pw_last_port));
        }
        if (entry->pw_log)
            json_object_set_new(rule, "log", json_true());
        json_array_append_new(rules, rule);
    }
    return rules;
}

static json_t *router_member(const PlanHost *host)
{
    json_t *publish = json_array(), *masquerade = json_array();

    for (guint i = 0; i < host->ph_publish->len; i++) {
        const PlanPublish *entry = host->ph_publish->pdata[i];
        json_array_append_new(publish, json_pack("{s:s, s:i, s:o, s:i}", "proto",
                                                 entry->pp_proto, "port", entry->pp_port,
                                                 "to", json_addr(entry->pp_to), "to_port",
                                                 entry->pp_to_port));
    }
    for (guint i = 0; i < host->ph_masquerade->len; i++) {
        const PlanNic *nic =
            host->ph_nics->pdata[g_array_index(host->ph_masquerade, int, i)];
        json_array_append_new(masquerade, json_string(nic->ni_mac));
    }
    return json_pack("{s:o, s:o, s:o, s:b}", "publish", publish, "masquerade", masquerade,
                     "rules", rules_member(host), "drop", host->ph_drop);
}

static json_t *file_member(const PlanFile *file)
{
    gsize len;
    const guint8 *bytes = g_bytes_get_data(file->pf_bytes, &len);

    return json_pack("{s:s, s:i, s:s, s:s, s:o}", "path", file->pf_path, "mode",
                     file->pf_mode, "owner", file->pf_owner, "group", file->pf_group,
                     "data_b64", json_bytes(bytes, len));
}

/* Which files ride in the message: TRUE at their index; the same answer for both callers.
 */
static gboolean *inline_files(const PlanHost *host)
{
    gboolean *rides = g_new0(gboolean, host->ph_files->len + 1);
    gsize total = 0;
    guint count = 0;

    for (guint i = 0; i < host->ph_files->len; i++) {
        const PlanFile *file = host->ph_files->pdata[i];
        gsize size = g_bytes_get_size(file->pf_bytes);
        gboolean owned = strcmp(file->pf_owner, "root") != 0;
        if (size > (owned ? INLINE_OWNED_MAX : INLINE_MAX) ||
            total + size > INLINE_TOTAL || count == INLINE_COUNT)
            continue;
        rides[i] = TRUE;
        total += size;
        count++;
    }
    return rides;
}

static json_t *resolvers_member(const PlanHost *host)
{
    json_t *list = json_array();

    for (guint i = 0; i < host->ph_dns->len; i++)
        json_array_append_new(list, json_addr(g_array_index(host->ph_dns, guint32, i)));
    return list;
}

json_t *personalise_message(const Plan *plan, const PlanHost *host)
{
    json_t *msg = network_members(plan, host);
    json_t *files = json_array();
    g_autofree gboolean *rides = inline_files(host);

    for (guint i = 0; i < host->ph_files->len; i++)
        if (rides[i])
            json_array_append_new(files, file_member(host->ph_files->pdata[i]));
    json_object_set_new(msg, "k", json_string("personalise"));
    json_object_set_new(msg, "hostname", json_string(host->ph_name));
    json_object_set_new(msg, "users", users_member(host));
    json_object_set_new(msg, "files", files);
    json_object_set_new(msg, "services", json_strv(host->ph_services));
    if (host->ph_dns->len)
        json_object_set_new(msg, "dns", resolvers_member(host));
    json_object_set_new(msg, "run", json_strv(host->ph_run));
    if (host->ph_router)
        json_object_set_new(msg, "router", router_member(host));
    return msg;
}

static json_t *file_pieces(const PlanFile *file)
{
    gsize len;
    const guint8 *bytes = g_bytes_get_data(file->pf_bytes, &len);
    json_t *pieces = json_array();

    for (gsize off = 0; off < len || off == 0; off += PIECE_MAX) {
        gsize part = MIN(PIECE_MAX, len - off);
        json_array_append_new(
            pieces,
            json_pack("{s:s, s:s, s:I, s:o, s:b, s:i, s:s, s:s}", "k", "file", "path",
                      file->pf_path, "off", (json_int_t)off, "data_b64",
                      json_bytes(bytes + off, part), "end", off + part == len, "mode",
                      file->pf_mode, "owner", file->pf_owner, "group", file->pf_group));
    }
    return pieces;
}

typedef struct {
    guint up_left;
    char *up_error;
    int up_host;
    AnswerDone up_done;
    gpointer up_data;
} Upload;

static void send_message(Daemon *d, int host, AnswerDone done, gpointer data)
{
    orders_ask(d->dm_orders, host, "personalise",
               personalise_message(d->dm_plan, plan_host(d->dm_plan, host)),
               PERSONALISE_TIMEOUT_US, done, data);
}

static void on_file(Daemon *d, gint64 id, gboolean ok, const char *text, json_t *rows,
                    gpointer data)
{
    Upload *upload = data;

    (void)rows;
    if (!ok && !upload->up_error)
        upload->up_error = g_strdup_printf("file: %s", text);
    if (--upload->up_left)
        return;
    if (upload->up_error)
        upload->up_done(d, id, FALSE, upload->up_error, NULL, upload->up_data);
    else
        send_message(d, upload->up_host, upload->up_done, upload->up_data);
    g_free(upload->up_error);
    g_free(upload);
}

void personalise_host(Daemon *d, int host, AnswerDone done, gpointer data)
{
    const PlanHost *plan = plan_host(d->dm_plan, host);
    g_autoptr(GPtrArray) large = g_ptr_array_new();
    g_autofree gboolean *rides = inline_files(plan);

    for (guint i = 0; i < plan->ph_files->len; i++)
        if (!rides[i])
            g_ptr_array_add(large, plan->ph_files->pdata[i]);
    if (!large->len) {
        send_message(d, host, done, data);
        return;
    }
    Upload *upload = g_new0(Upload, 1);
    upload->up_left = large->len;
    upload->up_host = host;
    upload->up_done = done;
    upload->up_data = data;
    for (guint i = 0; i < large->len; i++)
        orders_ask(d->dm_orders, host, "file", file_pieces(large->pdata[i]),
                   PERSONALISE_TIMEOUT_US, on_file, upload);
}

void personalise_resume(Daemon *d, int host, AnswerDone done, gpointer data)
{
    if (orders_open(d->dm_orders, host, "personalise"))
        send_message(d, host, done, data); /* what goes ahead of it has arrived */
    else
        personalise_host(d, host, done, data);
}
