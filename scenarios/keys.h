/*
 * The words of the scenario language: one const table a mapping, which drives the loader,
 * its messages and the reference in docs/scenario.md.
 *
 * A key whose `since` is NULL belongs to the language but has no engine in this build:
 * `check` passes it with a note, `up` refuses it (see plan_unbuilt()).
 */
#ifndef PARRY_SCENARIOS_KEYS_H
#define PARRY_SCENARIOS_KEYS_H

#include "scenarios/node.h"

#include <glib.h>

typedef enum {
    /* scalars; their form stands in values.c */
    KEY_TEXT,      /* any text */
    KEY_NAME,      /* a-z, 0-9 and -, begins with a letter, at most 31 */
    KEY_ACCOUNT,   /* name of a user or group in a guest */
    KEY_PACKAGE,   /* name of a Debian package */
    KEY_DNSNAME,   /* labels with dots */
    KEY_PATH,      /* absolute path in a guest */
    KEY_BOOL,      /* true or false */
    KEY_INT,       /* ks_min to ks_max */
    KEY_PERCENT,   /* "40%" */
    KEY_POINTS,    /* up to three decimals */
    KEY_SIZE,      /* "384M" */
    KEY_MODE,      /* octal file mode */
    KEY_DURATION,  /* "1h30m" */
    KEY_MOMENT,    /* "18h", "Sat 03:00" or "2026-11-14 03:00" */
    KEY_DATETIME,  /* "2026-11-13T09:00" */
    KEY_CIDR,      /* "10.1.0.0/24" */
    KEY_ADDRESS,   /* "10.1.0.7" */
    KEY_NIC,       /* host part, address, "auto" or the name of a pool */
    KEY_PORT,      /* 80, "8080:80" or "53/udp" */
    KEY_TECHNIQUE, /* "T1491.002" */
    KEY_DIGEST,    /* 64 hex digits, or one of ks_words */
    KEY_ENUM,      /* one of ks_words */
    KEY_HOURS,     /* "22:00-06:00", every day */
    KEY_OFFSET,    /* a duration that may be negative: "-10m" */
    KEY_RATE,      /* "10mbit" */
    KEY_RANGE,     /* "10.1.0.20-10.1.0.40" */
    KEY_PORTRANGE, /* 80 or "8000-8100" */
    KEY_GUID,      /* 8-4-4-4-12 hex digits */
    KEY_FILE,      /* a path below the scenario's directory */
    KEY_SHARE,     /* "60%", or points */
    KEY_VALUE,     /* a scalar of any form */
    KEY_SCALARS,   /* end of the scalars */
    /* compounds */
    KEY_LANGTEXT,    /* a text, or one a language: {en: …, zh-Hant: …} */
    KEY_LIST,        /* of ks_item, or of mappings by ks_sub */
    KEY_ONE_OR_LIST, /* one ks_item, or a list of them */
    KEY_PORTS,       /* one KEY_PORT, or a list of them */
    KEY_SELECTION,   /* one of ks_words, or a list of names */
    KEY_MAP,         /* a mapping by ks_sub */
    KEY_MAPS,        /* one mapping by ks_sub, or a list of them */
    KEY_SHORT,       /* a ks_item, or a mapping by ks_sub that says more */
    KEY_NAMED,       /* names of ks_name to ks_item, or to mappings by ks_sub */
    KEY_ANY,         /* not looked into */
} KeyType;

enum {
    KEY_REQUIRED = 1, /* must be there */
    KEY_CHOICE = 2,   /* exactly one of the table's keys with this flag must be there */
    KEY_CHOICE_2 = 4, /* a second such group */
    KEY_REFS = 8,     /* ${…} is replaced in its texts: see loader_subst() */
    KEY_PARTIAL = 16, /* of a ks_sub: nothing in it is required (defaults) */
};

typedef struct KeyTable KeyTable;

typedef struct {
    const char *ks_key;
    KeyType ks_type;
    KeyType ks_item;   /* of lists and named mappings */
    KeyType ks_name;   /* what the names of KEY_NAMED are; KEY_NAME where not said */
    unsigned ks_flags; /* KEY_REQUIRED, KEY_CHOICE, … */
    const KeyTable *ks_sub;
    const char *const
        *ks_words;          /* ended by NULL; a word that begins with "!" is unbuilt */
    gint64 ks_min, ks_max;  /* KEY_INT; both 0: any that fits 32 bits. KEY_SIZE, bytes;
                             * both 0: 1M to 16T */
    const char *ks_default; /* as written in a scenario, or NULL */
    const char *ks_since;   /* release that built it, NULL: not built */
    const char *ks_doc;     /* one line */
    const char *ks_example; /* a value as YAML in flow form, for reference and schema */
} KeySpec;

struct KeyTable {
    const char *kt_name;    /* "a host": for messages and headings */
    const char *kt_doc;     /* one line */
    const KeySpec *kt_keys; /* ended by a NULL ks_key */
};

extern const KeyTable keys_root, keys_drill, keys_scope, keys_phase, keys_team,
    keys_member, keys_network, keys_image, keys_file, keys_estate, keys_host, keys_router,
    keys_route, keys_user, keys_target, keys_check, keys_effect, keys_inject, keys_attack,
    keys_message, keys_playbook, keys_limits, keys_expect, keys_scoring, keys_weights,
    keys_script, keys_action, keys_hold;
extern const KeyTable keys_link, keys_pool, keys_rule, keys_weakness, keys_flag,
    keys_credential, keys_zone, keys_watch;
extern const KeyTable keys_reset, keys_resets, keys_action_reset;
extern const KeyTable keys_parameter, keys_defaults, keys_secret;
extern const KeyTable keys_tcp, keys_http, keys_dns, keys_file_check, keys_process,
    keys_service, keys_port, keys_command, keys_plugin;
extern const KeyTable keys_prevent, keys_detect, keys_contain, keys_answer;
extern const KeyTable keys_after, keys_retry, keys_retry_host, keys_condition,
    keys_score_is;
extern const KeyTable keys_step, keys_attachment, keys_criterion;
extern const KeyTable keys_eradicate, keys_recover, keys_report, keys_share;
extern const KeyTable keys_fault, keys_link_down, keys_latency, keys_service_stop,
    keys_crash, keys_clock_skew, keys_disk_full;
extern const KeyTable keys_traffic, keys_traffic_action, keys_traffic_http,
    keys_traffic_dns, keys_traffic_tcp;

/* The spec of that key, or NULL. */
const KeySpec *keys_find(const KeyTable *table, const char *key);

/*
 * Values of map[key], or the table's default where the key is absent or was reported bad.
 * The key must be in the table and of the type asked for.
 */
const char *key_text(const KeyTable *table, const Node *map, const char *key);
gint64 key_int(const KeyTable *table, const Node *map, const char *key);
gboolean key_bool(const KeyTable *table, const Node *map, const char *key);
int key_percent(const KeyTable *table, const Node *map, const char *key);
gint64 key_points(const KeyTable *table, const Node *map, const char *key); /* milli */
guint64 key_size(const KeyTable *table, const Node *map, const char *key);
gint64 key_duration(const KeyTable *table, const Node *map, const char *key);
/* Texts of a list, of one text, or of nothing: a strv, to be freed by g_strfreev(). */
char **key_texts(const Node *map, const char *key);

#endif
