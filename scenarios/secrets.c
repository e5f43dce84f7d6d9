/*
 * Secrets: values drawn by the drill's seed, one a team or one for the drill. The same
 * files and seed give the same values anywhere, so that a drill can be made again.
 *
 * A value is drawn from a stream of bytes: HMAC-SHA256 with ld_key (files_key()) over
 * "DRILL/TEAM/NAME/BLOCK" (the drill's own have no team), block by block. Choices are
 * made by rejection, so that each is as likely as any other.
 */
#include "scenarios/loader.h"
#include "scenarios/values.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

typedef struct {
    const guint8 *st_key; /* 32 bytes, the loader's */
    char *st_label;       /* what is drawn for */
    guint st_block;
    guint8 st_bytes[32];
    guint st_used;
} Stream;

static void stream_init(Stream *stream, const Loader *loader, int team, const char *name)
{
    const Plan *plan = loader->ld_plan;

    stream->st_key = loader->ld_key;
    stream->st_label = g_strdup_printf(
        "%s/%s/%s", plan->p_name, team < 0 ? "" : plan_team(plan, team)->pt_id, name);
    stream->st_block = 0;
    stream->st_used = sizeof stream->st_bytes;
}

static void stream_clear(Stream *stream)
{
    g_free(stream->st_label);
}

static guint8 stream_byte(Stream *stream)
{
    if (stream->st_used == sizeof stream->st_bytes) {
        g_autofree char *text =
            g_strdup_printf("%s/%u", stream->st_label, stream->st_block++);
        unsigned len = sizeof stream->st_bytes;
        HMAC(EVP_sha256(), stream->st_key, 32, (const unsigned char *)text, strlen(text),
             stream->st_bytes, &len);
        stream->st_used = 0;
    }
    return stream->st_bytes[stream->st_used++];
}

/* Evenly from 0 to n - 1; n at least 1, at most 2^32. */
static guint64 stream_below(Stream *stream, guint64 n)
{
    const guint64 all = G_GUINT64_CONSTANT(1) << 32;
    guint64 value;

    do {
        value = 0;
        for (int i = 0; i < 4; i++)
            value = value << 8 | stream_byte(stream);
    } while (value >= all - all % n);
    return value % n;
}

#define LETTERS "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"
/* Without those that look alike (0 O, 1 l I): people type passwords. */
#define PASSWORD "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"

static char *draw_chars(Stream *stream, const char *alphabet, gint64 length)
{
    GString *out = g_string_new(NULL);
    gsize n = strlen(alphabet);

    for (gint64 i = 0; i < length; i++)
        g_string_append_c(out, alphabet[stream_below(stream, n)]);
    return g_string_free(out, FALSE);
}

/* Three syllables and two digits: can be said on the telephone. */
static char *draw_name(Stream *stream)
{
    static const char consonants[] = "bdfghklmnprstvz", vowels[] = "aeiou";
    GString *out = g_string_new(NULL);

    for (int i = 0; i < 3; i++) {
        g_string_append_c(out, consonants[stream_below(stream, sizeof consonants - 1)]);
        g_string_append_c(out, vowels[stream_below(stream, sizeof vowels - 1)]);
    }
    g_string_append_printf(out, "%02d", (int)stream_below(stream, 100));
    return g_string_free(out, FALSE);
}

/* A definition that is being drawn. */
typedef struct {
    Loader *dw_loader;
    Node *dw_name;
    const Node *dw_def;
    GHashTable *dw_ports; /* numbers of ports in use, by team: see used_ports() */
} Draw;

static gint64 int_or(const Draw *draw, const char *key, gint64 otherwise)
{
    return node_get_text(draw->dw_def, key) ? key_int(&keys_secret, draw->dw_def, key)
                                            : otherwise;
}

static char *draw_text(const Draw *draw, Stream *stream)
{
    const char *word = key_text(&keys_secret, draw->dw_def, "alphabet");
    const char *alphabet = !g_strcmp0(word, "letters") ? LETTERS
                           : !g_strcmp0(word, "alnum") ? LETTERS DIGITS
                                                       : DIGITS "abcdef";

    return draw_chars(stream, alphabet, int_or(draw, "length", 32));
}

/* The bounds of a port or number; FALSE with a finding where nothing is between them. */
static gboolean bounds(const Draw *draw, gint64 first, gint64 last, gint64 most,
                       gint64 *from, gint64 *to)
{
    Node *high = node_get(draw->dw_def, "to");

    *from = int_or(draw, "from", first);
    *to = int_or(draw, "to", last);
    if (*from > *to || *to > most || *from < (most == 65535 ? 1 : 0)) {
        loader_error(draw->dw_loader, high ? high : draw->dw_name, NULL,
                     *from > *to ? "\"to\" is below \"from\""
                                 : "ports are from 1 to 65535");
        return FALSE;
    }
    return TRUE;
}

static gpointer port_key(int team, gint64 port)
{
    return GINT_TO_POINTER((team + 1) << 16 | (int)port);
}

static gboolean port_taken(const Draw *draw, int team, gint64 port)
{
    if (g_hash_table_contains(draw->dw_ports, port_key(-1, port)))
        return TRUE;
    return team >= 0 && g_hash_table_contains(draw->dw_ports, port_key(team, port));
}

/* A port that nothing else of the team has: the next free one from where it was drawn. */
static char *draw_port(const Draw *draw, Stream *stream, int team)
{
    gint64 from, to;

    if (!bounds(draw, 20000, 29999, 65535, &from, &to))
        return NULL;
    gint64 n = to - from + 1, port = (gint64)stream_below(stream, (guint64)n);
    for (gint64 tried = 0; tried < n; tried++, port = (port + 1) % n) {
        if (port_taken(draw, team, from + port))
            continue;
        g_hash_table_add(draw->dw_ports, port_key(team, from + port));
        return g_strdup_printf("%" G_GINT64_FORMAT, from + port);
    }
    loader_error(draw->dw_loader, draw->dw_name, "widen \"from\" and \"to\"",
                 "no port from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT " is left",
                 from, to);
    return NULL;
}

static char *draw_number(const Draw *draw, Stream *stream)
{
    gint64 from, to;

    if (!bounds(draw, 1, 1000000, G_MAXINT32, &from, &to))
        return NULL;
    return g_strdup_printf("%" G_GINT64_FORMAT,
                           from + (gint64)stream_below(stream, (guint64)(to - from + 1)));
}

static PlanSecretKind kind_of(const Node *def)
{
    static const char *const words[] = {"password", "name",    "port",
                                        "text",     "address", "number"};
    const char *kind = node_get_text(def, "kind");

    for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
        if (!g_strcmp0(kind, words[i]))
            return (PlanSecretKind)i;
    return SECRET_TEXT; /* the shape told that the word is none */
}

static gboolean is_drills(const Node *def)
{
    return !g_strcmp0(key_text(&keys_secret, def, "per"), "drill");
}

/* Takes the value. */
static void keep(Loader *loader, int team, const char *name, PlanSecretKind kind,
                 char *value)
{
    PlanSecret *secret = plan_secret_add(loader->ld_plan, name, team);

    secret->se_kind = kind;
    secret->se_value = value;
    g_hash_table_insert(loader->ld_secrets, g_strdup_printf("%d/%s", team, name), secret);
}

static void draw_one(const Draw *draw, int team)
{
    Loader *loader = draw->dw_loader;
    PlanSecretKind kind = kind_of(draw->dw_def);
    char *value = NULL;
    Stream stream;

    stream_init(&stream, loader, team, draw->dw_name->nd_text);
    switch (kind) {
    case SECRET_PASSWORD:
        value = draw_chars(&stream, PASSWORD, int_or(draw, "length", 12));
        break;
    case SECRET_NAME:
        value = draw_name(&stream);
        break;
    case SECRET_PORT:
        value = draw_port(draw, &stream, team);
        break;
    case SECRET_TEXT:
        value = draw_text(draw, &stream);
        break;
    case SECRET_NUMBER:
        value = draw_number(draw, &stream);
        break;
    case SECRET_ADDRESS: /* drawn with the networks: secrets_reserve() */
        break;
    }
    stream_clear(&stream);
    if (value)
        keep(loader, team, draw->dw_name->nd_text, kind, value);
}

/* The part of a network's id that the scenario wrote. */
static const char *network_name(const PlanNetwork *network)
{
    const char *slash = strchr(network->pn_id, '/');

    return slash ? slash + 1 : network->pn_id;
}

static void reserve(Loader *loader, const PlanNetwork *network, int team, Node *name,
                    GHashTable *taken)
{
    guint32 n = ((guint32)1 << (32 - network->pn_prefix)) - 2;
    Stream stream;

    stream_init(&stream, loader, team, name->nd_text);
    guint32 offset = (guint32)stream_below(&stream, n);
    stream_clear(&stream);
    for (guint32 tried = 0; tried < n; tried++, offset = (offset + 1) % n) {
        guint32 addr = network->pn_addr + 1 + offset;
        if (g_hash_table_contains(taken, GUINT_TO_POINTER(addr)))
            continue;
        g_hash_table_insert(taken, GUINT_TO_POINTER(addr), NULL);
        keep(loader, team, name->nd_text, SECRET_ADDRESS, plan_addr_text(addr));
        return;
    }
    loader_error(loader, name, "give the network a shorter prefix",
                 "no address is left on the network \"%s\"", network->pn_id);
}

/* Each team may have one of each. */
static gboolean too_many(Loader *loader, const Node *all)
{
    if (node_len(all) * (loader->ld_plan->p_teams->len + 1) <= LOADER_SECRETS_MAX)
        return FALSE;
    loader_error(loader, node_key(loader->ld_root, "secrets"), NULL,
                 "the teams have more than %d secrets together", LOADER_SECRETS_MAX);
    return TRUE;
}

void secrets_reserve(Loader *loader, int index, GHashTable *taken)
{
    const Node *all = node_get(loader->ld_root, "secrets");
    const PlanNetwork *network = plan_network(loader->ld_plan, index);
    int teams = (int)loader->ld_plan->p_teams->len;

    if (node_len(all) && too_many(loader, all))
        return;
    for (guint i = 0; i < node_len(all); i++) {
        const Node *def = node_at(all, i);
        Node *name = all->nd_keys->pdata[i];
        if (kind_of(def) != SECRET_ADDRESS || name->nd_bad ||
            g_strcmp0(node_get_text(def, "network"), network_name(network)) != 0)
            continue;
        if (network->pn_team >= 0 && !is_drills(def))
            reserve(loader, network, network->pn_team, name, taken);
        else if (network->pn_team < 0 && is_drills(def))
            reserve(loader, network, -1, name, taken);
        for (int t = 0; network->pn_team < 0 && !is_drills(def) && t < teams; t++)
            reserve(loader, network, t, name, taken);
    }
}

/* Is there a network of that name: a shared one, or of any estate? */
static gboolean network_known(const Loader *loader, const char *name, gboolean shared)
{
    const Node *estates = node_get(loader->ld_root, "estates");

    if (node_get(node_get(loader->ld_root, "networks"), name))
        return TRUE;
    for (guint i = 0; !shared && i < node_len(estates); i++)
        if (node_get(node_get(node_at(estates, i), "networks"), name))
            return TRUE;
    return FALSE;
}

/* Keys that go with some kinds only. */
static const struct {
    const char *key;
    unsigned kinds;
} key_kinds[] = {
    {"length", 1 << SECRET_PASSWORD | 1 << SECRET_TEXT},
    {"alphabet", 1 << SECRET_TEXT},
    {"from", 1 << SECRET_PORT | 1 << SECRET_NUMBER},
    {"to", 1 << SECRET_PORT | 1 << SECRET_NUMBER},
    {"network", 1 << SECRET_ADDRESS},
};

static void check_def(Loader *loader, Node *name, const Node *def)
{
    PlanSecretKind kind = kind_of(def);
    Node *network = node_get(def, "network");

    for (gsize i = 0; i < G_N_ELEMENTS(key_kinds); i++)
        if (node_get_text(def, "kind") && node_get(def, key_kinds[i].key) &&
            !(key_kinds[i].kinds & 1u << kind))
            loader_error(loader, node_key(def, key_kinds[i].key), NULL,
                         "a secret of the kind %s takes no \"%s\"",
                         node_get_text(def, "kind"), key_kinds[i].key);
    if (kind != SECRET_ADDRESS)
        return;
    if (!network)
        loader_error(loader, name, NULL,
                     "a secret of the kind address has no \"network\"");
    else if (node_text(network) &&
             !network_known(loader, network->nd_text, is_drills(def)))
        loader_dangling(loader, network, is_drills(def) ? "shared network" : "network",
                        node_get(loader->ld_root, "networks"), NULL);
}

/* Numbers of ports that the scenario writes anywhere, for all teams. */
static void used_ports(const Node *node, gboolean ports, GHashTable *out)
{
    int first, last, inner;
    const char *proto;

    if (node->nd_kind == NODE_SCALAR && ports && node_text(node)) {
        if (value_port(node->nd_text, &first, &inner, &proto)) {
            g_hash_table_add(out, port_key(-1, first));
            g_hash_table_add(out, port_key(-1, inner));
        } else if (value_port_range(node->nd_text, &first, &last)) {
            for (int port = first; port <= last; port++)
                g_hash_table_add(out, port_key(-1, port));
        }
    }
    for (guint i = 0; i < node_len(node); i++) {
        const char *key = node->nd_kind == NODE_MAP ? node_key_at(node, i) : "";
        used_ports(node_at(node, i),
                   ports || !strcmp(key, "port") || !strcmp(key, "ports") ||
                       !strcmp(key, "publish"),
                   out);
    }
}

static void draw_all(Loader *loader, const Node *all, gboolean drills, GHashTable *ports)
{
    for (guint i = 0; i < node_len(all); i++) {
        Draw draw = {loader, all->nd_keys->pdata[i], node_at(all, i), ports};
        if (draw.dw_name->nd_bad || is_drills(draw.dw_def) != drills)
            continue;
        check_def(loader, draw.dw_name, draw.dw_def);
        for (int t = 0; !drills && t < (int)loader->ld_plan->p_teams->len; t++)
            draw_one(&draw, t);
        if (drills)
            draw_one(&draw, -1);
    }
}

void secrets_expand(Loader *loader)
{
    const Node *all = node_get(loader->ld_root, "secrets");
    g_autoptr(GHashTable) ports = g_hash_table_new(NULL, NULL);

    if (!node_len(all) || too_many(loader, all))
        return;
    used_ports(loader->ld_root, FALSE, ports);
    draw_all(loader, all, TRUE, ports); /* first: no team may take its ports */
    draw_all(loader, all, FALSE, ports);
}

const char *secret_value(const Loader *loader, const char *name, int team)
{
    for (int t = team;; t = -1) {
        g_autofree char *key = g_strdup_printf("%d/%s", t, name);
        const PlanSecret *secret = g_hash_table_lookup(loader->ld_secrets, key);
        if (secret || t < 0)
            return secret ? secret->se_value : NULL;
    }
}

const char *secret_network(const Loader *loader, const char *name)
{
    const Node *def = node_get(node_get(loader->ld_root, "secrets"), name);

    return kind_of(def) == SECRET_ADDRESS ? node_get_text(def, "network") : NULL;
}

const char *loader_secret(Loader *loader, Node *name, int team)
{
    const Node *all = node_get(loader->ld_root, "secrets");

    if (!node_text(name))
        return NULL;
    if (!node_get(all, name->nd_text)) {
        loader_dangling(loader, name, "secret", all, NULL);
        return NULL;
    }
    g_hash_table_add(loader->ld_used, node_get(all, name->nd_text));
    const char *value = secret_value(loader, name->nd_text, team);
    if (!value && team < 0)
        loader_error(loader, name, "give the secret \"per: drill\"",
                     "the secret \"%s\" differs from team to team", name->nd_text);
    else if (!value && secret_network(loader, name->nd_text))
        loader_error(
            loader, name, NULL,
            "the estate of the team \"%s\" has no network \"%s\" for this secret",
            plan_team(loader->ld_plan, team)->pt_id,
            secret_network(loader, name->nd_text));
    return value;
}
