/*
 * References in texts: ${param.X}, ${secret.X}, ${team.…}, ${drill.…}, ${host.X.…}.
 *
 * Parameters are the same for all, so they are replaced in the tree before anything looks
 * at it; the rest differs from team to team and is replaced where a text is put into the
 * plan. A text without a dot behind the name, ${HOME}, belongs to the shell.
 */
#include "scenarios/loader.h"
#include "scenarios/values.h"

#include <string.h>

#define NAME_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

/* One reference in a text. */
typedef struct {
    const char *rf_text; /* the text from "${" on */
    gsize rf_len;        /* with the braces; 0: the closing one is missing */
    char *rf_space;      /* "team" */
    char *rf_name;       /* "id" */
} Ref;

static void ref_clear(Ref *ref)
{
    g_clear_pointer(&ref->rf_space, g_free);
    g_clear_pointer(&ref->rf_name, g_free);
}

/* TRUE where `at`, which points at "${", begins a reference of Parry's. */
static gboolean ref_read(const char *at, Ref *ref)
{
    const char *space = at + 2;
    gsize len = strspn(space, NAME_CHARS);

    if (!len || space[len] != '.')
        return FALSE;
    const char *name = space + len + 1;
    gsize rest = strcspn(name, "}\n");
    ref->rf_text = at;
    ref->rf_len = name[rest] == '}' ? (gsize)(name - at) + rest + 1 : 0;
    ref->rf_space = g_strndup(space, len);
    ref->rf_name = g_strndup(name, rest);
    return TRUE;
}

/* What is done with each reference of a text: appends what it stands for. */
typedef struct Walk Walk;
struct Walk {
    Loader *wa_loader;
    Node *wa_node;
    int wa_team;     /* -1: the same for all */
    GString *wa_out; /* NULL: only looked at */
    void (*wa_each)(Walk *walk, const Ref *ref);
    gboolean wa_changed;
    gboolean wa_long; /* the text got too long */
};

static const char *raw_of(const Node *node)
{
    return node->nd_raw ? node->nd_raw : node->nd_text;
}

static void emit(Walk *walk, const char *text, gsize len)
{
    if (!walk->wa_out)
        return;
    if (walk->wa_out->len + len > NODE_SCALAR_MAX)
        walk->wa_long = TRUE;
    else
        g_string_append_len(walk->wa_out, text, (gssize)len);
}

/* Told where references make more text than a scenario may have: a few bytes may stand
 * for many, and each team has its own. FALSE with a finding. */
static gboolean check_length(Walk *walk)
{
    Loader *loader = walk->wa_loader;

    loader->ld_grown += walk->wa_out->len;
    if (walk->wa_long)
        loader_error(loader, walk->wa_node, "put it into a file and name that",
                     "with its references replaced this is a text of more than 64 KiB");
    else if (loader->ld_grown > LOADER_GROWN_MAX)
        loader_error(loader, walk->wa_node, NULL,
                     "references make more than 64 MiB of text");
    else
        return TRUE;
    return FALSE;
}

static void walk_text(Walk *walk)
{
    const char *at = raw_of(walk->wa_node), *next;

    while ((next = strstr(at, "${"))) {
        Ref ref = {0};
        if (next > at && next[-1] == '$') {
            emit(walk, at, (gsize)(next - at) - 1);
            emit(walk, "${", 2);
            walk->wa_changed = TRUE;
            at = next + 2;
            continue;
        }
        emit(walk, at, (gsize)(next - at));
        if (!ref_read(next, &ref)) {
            emit(walk, "${", 2);
            at = next + 2;
            continue;
        }
        walk->wa_each(walk, &ref);
        at = next + (ref.rf_len ? ref.rf_len : 2);
        ref_clear(&ref);
    }
    emit(walk, at, strlen(at));
}

/* How often the reference's own letters stand in the text before it. */
static guint earlier(const char *text, const Ref *ref, const char *letters)
{
    guint n = 0;

    for (const char *at = text; (at = strstr(at, letters)) && at < ref->rf_text; at++)
        n++;
    return n;
}

static const char *line_start(const char *source, int line)
{
    for (int i = 1; i < line && source; i++) {
        source = strchr(source, '\n');
        source = source ? source + 1 : NULL;
    }
    return source;
}

/*
 * The place of the reference in the file. A scalar's text is not the file's (quotes,
 * folds, indent), but a reference has no blanks and looks the same in both: the n-th of
 * one is the n-th of the other.
 */
static void ref_place(const Walk *walk, const Ref *ref, int *line, int *column)
{
    const Node *node = walk->wa_node;
    const char *source = loader_file(walk->wa_loader, node)->lf_source;
    const char *at = source ? line_start(source, node->nd_line) : NULL;
    gsize len = ref->rf_len ? ref->rf_len : strlen(ref->rf_space) + 3;
    g_autofree char *letters = g_strndup(ref->rf_text, len);
    guint n = earlier(raw_of(node), ref, letters);

    *line = node->nd_line;
    *column = node->nd_column;
    for (int i = 1; at && i < node->nd_column && *at && *at != '\n'; i++)
        at = g_utf8_next_char(at);
    for (at = at ? strstr(at, letters) : NULL; at && n; n--)
        at = strstr(at + 1, letters);
    if (!at)
        return;
    const char *start = line_start(source, node->nd_line);
    for (const char *p; (p = strchr(start, '\n')) && p < at; start = p + 1)
        ++*line;
    *column = (int)g_utf8_strlen(start, at - start) + 1;
}

static void ref_error(Walk *walk, const Ref *ref, const char *hint, const char *format,
                      ...) G_GNUC_PRINTF(4, 5);

static void ref_error(Walk *walk, const Ref *ref, const char *hint, const char *format,
                      ...)
{
    va_list args;
    int line, column;

    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    ref_place(walk, ref, &line, &column);
    walk->wa_node->nd_bad = TRUE;
    loader_say_at(walk->wa_loader, DIAG_ERROR, walk->wa_node->nd_file, line, column, hint,
                  message);
}

/* "${team.nmae}": did you mean "${team.name}"? `names` ends by NULL. */
static void ref_unknown(Walk *walk, const Ref *ref, const char *const *names)
{
    g_autoptr(GPtrArray) known = g_ptr_array_new();
    g_autoptr(GString) hint = g_string_new(NULL);

    for (gsize i = 0; names[i]; i++)
        g_ptr_array_add(known, (char *)names[i]);
    const char *close = value_closest(ref->rf_name, known);
    if (close)
        g_string_printf(hint, "did you mean \"${%s.%s}\"?", ref->rf_space, close);
    for (gsize i = 0; !close && names[i]; i++)
        g_string_append_printf(hint, "%s${%s.%s}", i ? ", " : "known: ", ref->rf_space,
                               names[i]);
    ref_error(walk, ref, hint->str, "there is no \"%s.%s\"", ref->rf_space, ref->rf_name);
}

/* "no WHAT is named …" for a name that should be a key of the map. */
static void ref_dangling(Walk *walk, const Ref *ref, const char *what, const char *name,
                         const Node *map)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    g_autofree char *hint = NULL;

    for (guint i = 0; map && map->nd_kind == NODE_MAP && i < node_len(map); i++)
        g_ptr_array_add(names, (char *)node_key_at(map, i));
    const char *close = value_closest(name, names);
    if (close)
        hint = g_strdup_printf("did you mean \"%s\"?", close);
    ref_error(walk, ref, hint, "no %s is named \"%s\"", what, name);
}

/* What stands behind the dot, by name space. Appends the value, or tells why not. */
static void put_param(Walk *walk, const Ref *ref)
{
    const char *value = param_value(walk->wa_loader, ref->rf_name);

    if (value)
        emit(walk, value, strlen(value));
}

static void check_param(Walk *walk, const Ref *ref)
{
    const Node *all = node_get(walk->wa_loader->ld_root, "parameters");

    if (!node_get(all, ref->rf_name))
        ref_dangling(walk, ref, "parameter", ref->rf_name, all);
    else
        g_hash_table_add(walk->wa_loader->ld_used, node_get(all, ref->rf_name));
}

static void put_secret(Walk *walk, const Ref *ref)
{
    const char *value = secret_value(walk->wa_loader, ref->rf_name, walk->wa_team);

    if (value)
        emit(walk, value, strlen(value));
    else if (walk->wa_team < 0)
        ref_error(walk, ref, "give the secret \"per: drill\"",
                  "this text is the same for all teams, the secret \"%s\" is not",
                  ref->rf_name);
    else if (secret_network(walk->wa_loader, ref->rf_name))
        ref_error(walk, ref, NULL,
                  "the estate of the team \"%s\" has no network \"%s\" for this secret",
                  plan_team(walk->wa_loader->ld_plan, walk->wa_team)->pt_id,
                  secret_network(walk->wa_loader, ref->rf_name));
}

static void check_secret(Walk *walk, const Ref *ref)
{
    const Node *all = node_get(walk->wa_loader->ld_root, "secrets");

    if (!node_get(all, ref->rf_name))
        ref_dangling(walk, ref, "secret", ref->rf_name, all);
    else
        g_hash_table_add(walk->wa_loader->ld_used, node_get(all, ref->rf_name));
}

static const char *const team_names[] = {"id", "title", "number", NULL};

static void put_team(Walk *walk, const Ref *ref)
{
    const Plan *plan = walk->wa_loader->ld_plan;

    if (walk->wa_team < 0) {
        ref_error(walk, ref, NULL,
                  "this text is the same for all teams: \"%s.%s\" has "
                  "no meaning here",
                  ref->rf_space, ref->rf_name);
        return;
    }
    const PlanTeam *team = plan_team(plan, walk->wa_team);
    if (!strcmp(ref->rf_name, "id")) {
        emit(walk, team->pt_id, strlen(team->pt_id));
    } else if (!strcmp(ref->rf_name, "title")) {
        const char *title = parry_text_get(team->pt_title, "en");
        emit(walk, title, strlen(title));
    } else {
        int number = 1;
        for (int i = 0; i < walk->wa_team; i++)
            number += plan_team(plan, i)->pt_side == team->pt_side;
        g_autofree char *text = g_strdup_printf("%d", number);
        emit(walk, text, strlen(text));
    }
}

static void check_team(Walk *walk, const Ref *ref)
{
    if (!g_strv_contains(team_names, ref->rf_name))
        ref_unknown(walk, ref, team_names);
}

static const char *const drill_names[] = {"name", "title", NULL};

static void put_drill(Walk *walk, const Ref *ref)
{
    const Plan *plan = walk->wa_loader->ld_plan;
    const char *text = strcmp(ref->rf_name, "name") == 0
                           ? plan->p_name
                           : parry_text_get(plan->p_title, "en");

    emit(walk, text, strlen(text));
}

static void check_drill(Walk *walk, const Ref *ref)
{
    if (!g_strv_contains(drill_names, ref->rf_name))
        ref_unknown(walk, ref, drill_names);
}

/* The host's first address, or 0. */
static guint32 first_address(const PlanHost *host)
{
    for (guint i = 0; i < host->ph_nics->len; i++) {
        const PlanNic *nic = host->ph_nics->pdata[i];
        if (nic->ni_addr)
            return nic->ni_addr;
    }
    return 0;
}

static void put_host(Walk *walk, const Ref *ref)
{
    Loader *loader = walk->wa_loader;
    const char *dot = strrchr(ref->rf_name, '.');

    if (walk->wa_team < 0) {
        put_team(walk, ref);
        return;
    }
    g_autofree char *name = g_strndup(ref->rf_name, (gsize)(dot - ref->rf_name));
    int index = loader_host(loader, walk->wa_team, name);
    if (index < 0) {
        g_autofree char *what =
            g_strdup_printf("host of the estate \"%s\"",
                            plan_team(loader->ld_plan, walk->wa_team)->pt_estate
                                ? plan_team(loader->ld_plan, walk->wa_team)->pt_estate
                                : "");
        ref_dangling(walk, ref, what, name,
                     node_get(loader_estate(loader, walk->wa_team), "hosts"));
        return;
    }
    const PlanHost *host = plan_host(loader->ld_plan, index);
    if (!strcmp(dot, ".name")) {
        emit(walk, host->ph_name, strlen(host->ph_name));
        return;
    }
    guint32 addr = first_address(host);
    g_autofree char *text = plan_addr_text(addr);
    if (addr)
        emit(walk, text, strlen(text));
    else
        ref_error(walk, ref, "give it a NIC", "the host \"%s\" has no address", name);
}

static void check_host(Walk *walk, const Ref *ref)
{
    const char *dot = strrchr(ref->rf_name, '.');

    if (!dot || dot == ref->rf_name ||
        (strcmp(dot, ".address") != 0 && strcmp(dot, ".name") != 0))
        ref_error(walk, ref, "write ${host.NAME.address} or ${host.NAME.name}",
                  "there is no \"%s.%s\"", ref->rf_space, ref->rf_name);
}

static const struct {
    const char *space;
    void (*check)(Walk *walk, const Ref *ref); /* what the file alone tells */
    void (*put)(Walk *walk, const Ref *ref);
} spaces[] = {
    {"param", check_param, put_param}, {"secret", check_secret, put_secret},
    {"team", check_team, put_team},    {"drill", check_drill, put_drill},
    {"host", check_host, put_host},
};

static int space_of(const Ref *ref)
{
    for (gsize i = 0; i < G_N_ELEMENTS(spaces); i++)
        if (!strcmp(spaces[i].space, ref->rf_space))
            return (int)i;
    return -1;
}

static void put_one(Walk *walk, const Ref *ref)
{
    int space = space_of(ref);

    if (space >= 0 && ref->rf_len) /* else the shape told it */
        spaces[space].put(walk, ref);
}

static void unknown_space(Walk *walk, const Ref *ref)
{
    g_autoptr(GPtrArray) known = g_ptr_array_new();
    g_autofree char *hint = NULL;

    for (gsize i = 0; i < G_N_ELEMENTS(spaces); i++)
        g_ptr_array_add(known, (char *)spaces[i].space);
    const char *close = value_closest(ref->rf_space, known);
    if (close)
        hint = g_strdup_printf("did you mean \"${%s.%s}\"? $${ writes ${", close,
                               ref->rf_name);
    ref_error(walk, ref,
              hint ? hint
                   : "references begin with param, secret, team, drill or host; $${ "
                     "writes ${",
              "no reference begins with \"%s.\"", ref->rf_space);
}

static void check_one(Walk *walk, const Ref *ref)
{
    int space = space_of(ref);

    if (!ref->rf_len)
        ref_error(walk, ref, "$${ writes ${",
                  "the reference \"${%s.\" has no closing brace", ref->rf_space);
    else if (space < 0)
        unknown_space(walk, ref);
    else
        spaces[space].check(walk, ref);
}

static void refuse_one(Walk *walk, const Ref *ref)
{
    if (strcmp(ref->rf_space, "param") != 0)
        ref_error(walk, ref,
                  "only ${param.…} stands anywhere; the others stand in texts for "
                  "guests and players: see the reference",
                  "\"${%s.…}\" cannot stand here", ref->rf_space);
}

gboolean loader_has_refs(const Node *node)
{
    return node_text(node) && node->nd_refs;
}

void refs_check(Loader *loader, Node *node, gboolean may)
{
    Walk walk = {.wa_loader = loader,
                 .wa_node = node,
                 .wa_team = -1,
                 .wa_each = may ? check_one : refuse_one};

    if (loader_has_refs(node))
        walk_text(&walk);
}

/* Other references than to parameters are left as they are. */
static void param_one(Walk *walk, const Ref *ref)
{
    if (ref->rf_len && !strcmp(ref->rf_space, "param")) {
        check_param(walk, ref);
        put_param(walk, ref);
        walk->wa_changed = TRUE;
    } else {
        emit(walk, ref->rf_text, ref->rf_len ? ref->rf_len : 2);
    }
}

void refs_params(Loader *loader, Node *node)
{
    g_autoptr(GString) out = g_string_new(NULL);
    Walk walk = {.wa_loader = loader,
                 .wa_node = node,
                 .wa_team = -1,
                 .wa_out = out,
                 .wa_each = param_one};

    walk_text(&walk);
    if (!walk.wa_changed || !check_length(&walk))
        return;
    node_replace_text(node, g_string_free(g_steal_pointer(&out), FALSE));
    /* A value that was replaced has the parameter's type, whatever it looks like. */
    node->nd_plain = FALSE;
}

char *loader_subst(Loader *loader, const Node *node, int team)
{
    if (!node_text(node))
        return NULL;
    if (!node->nd_refs)
        return g_strdup(node->nd_text);
    g_autoptr(GString) out = g_string_new(NULL);
    Walk walk = {.wa_loader = loader,
                 .wa_node = (Node *)node,
                 .wa_team = team,
                 .wa_out = out,
                 .wa_each = put_one};
    walk_text(&walk);
    if (!check_length(&walk))
        return NULL;
    return g_string_free(g_steal_pointer(&out), FALSE);
}

char **loader_subst_texts(Loader *loader, const Node *map, const char *key, int team)
{
    const Node *value = node_get(map, key);
    g_autoptr(GPtrArray) out = g_ptr_array_new();

    if (node_text(value))
        g_ptr_array_add(out, loader_subst(loader, value, team));
    if (value && value->nd_kind == NODE_LIST)
        for (guint i = 0; i < node_len(value); i++)
            if (node_text(node_at(value, i)))
                g_ptr_array_add(out, loader_subst(loader, node_at(value, i), team));
    g_ptr_array_add(out, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&out), FALSE);
}

ParryText *loader_subst_text(Loader *loader, const Node *node, int team,
                             const char *fallback)
{
    if (node_text(node)) {
        g_autofree char *text = loader_subst(loader, node, team);
        return parry_text_new(text);
    }
    if (!node || node->nd_kind != NODE_MAP || !node_len(node))
        return parry_text_new(fallback);
    ParryText *out = parry_text_new(NULL);
    for (guint i = 0; i < node_len(node); i++) {
        g_autofree char *text = loader_subst(loader, node_at(node, i), team);
        parry_text_set(out, node_key_at(node, i), text ? text : fallback);
    }
    return out;
}
