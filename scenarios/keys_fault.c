/* Words of faults and of background traffic. */
#include "scenarios/keys_people.h"
#include "scenarios/keys_spec.h"

/* clang-format off */
#define KIND(key, sub, doc, example) \
    {.ks_key = key, .ks_type = KEY_MAP, .ks_sub = &sub, .ks_flags = KEY_CHOICE, \
     .ks_doc = doc, .ks_example = example}

static const KeySpec fault_keys[] = {
    KIND("link-down", keys_link_down, "A network goes away.", "{network: dmz}"),
    KIND("latency", keys_latency, "A network gets slow or loses packets.",
         "{network: dmz, delay: 200ms, loss: 5%}"),
    KIND("service-stop", keys_service_stop, "A service ends.", "{name: nginx}"),
    KIND("crash", keys_crash, "The host goes out at once.", "{restart: true}"),
    KIND("clock-skew", keys_clock_skew, "The host's clock is wrong.", "{by: \"-10m\"}"),
    KIND("disk-full", keys_disk_full, "A disk has no room left.", "{path: /var, leave: 1M}"),
    {.ks_key = "lasts", .ks_type = KEY_DURATION,
     .ks_doc = "So long; to the drill's end where it is not said.", .ks_example = "10m"},
    END,
};
const KeyTable keys_fault = {"a fault", "Something that breaks on the inject's host.",
    fault_keys};

#define NETWORK \
    {.ks_key = "network", .ks_type = KEY_NAME, .ks_flags = KEY_REQUIRED, \
     .ks_doc = "A network that the host stands in.", .ks_example = "dmz"}

static const KeySpec link_down_keys[] = {NETWORK, END};
const KeyTable keys_link_down = {"link-down", "A network goes away.", link_down_keys};

static const KeySpec latency_keys[] = {
    NETWORK,
    {.ks_key = "delay", .ks_type = KEY_DURATION, .ks_doc = "Each packet is late by so much.",
     .ks_example = "200ms"},
    {.ks_key = "jitter", .ks_type = KEY_DURATION, .ks_doc = "More or less by so much.",
     .ks_example = "50ms"},
    {.ks_key = "loss", .ks_type = KEY_PERCENT, .ks_doc = "So many are lost.",
     .ks_example = "5%"},
    END,
};
const KeyTable keys_latency = {"latency", "A network gets slow; the host is a router.",
    latency_keys};

static const KeySpec service_stop_keys[] = {
    {.ks_key = "name", .ks_type = KEY_TEXT, .ks_flags = KEY_REQUIRED,
     .ks_doc = "Name of the service.", .ks_example = "nginx"},
    END,
};
const KeyTable keys_service_stop = {"service-stop", "A service ends.", service_stop_keys};

static const KeySpec crash_keys[] = {
    {.ks_key = "restart", .ks_type = KEY_BOOL, .ks_default = "true",
     .ks_doc = "It boots again by itself.", .ks_example = "false"},
    END,
};
const KeyTable keys_crash = {"crash", "The host goes out at once.", crash_keys};

static const KeySpec clock_skew_keys[] = {
    {.ks_key = "by", .ks_type = KEY_OFFSET, .ks_flags = KEY_REQUIRED,
     .ks_doc = "Ahead by so much, or behind.", .ks_example = "\"-10m\""},
    END,
};
const KeyTable keys_clock_skew = {"clock-skew", "The host's clock is wrong.",
    clock_skew_keys};

static const KeySpec disk_full_keys[] = {
    {.ks_key = "path", .ks_type = KEY_PATH, .ks_flags = KEY_REQUIRED,
     .ks_doc = "A directory on that disk.", .ks_example = "/var"},
    {.ks_key = "leave", .ks_type = KEY_SIZE, .ks_default = "1M",
     .ks_doc = "So much is left.", .ks_example = "1M"},
    END,
};
const KeyTable keys_disk_full = {"disk-full", "A disk has no room left.", disk_full_keys};

static const KeySpec traffic_keys[] = {
    {.ks_key = "from", .ks_type = KEY_NAME, .ks_flags = KEY_REQUIRED,
     .ks_doc = "The host whose users these are: of the team's estate, or white's.",
     .ks_example = "desk"},
    {.ks_key = "actions", .ks_type = KEY_LIST, .ks_item = KEY_MAP,
     .ks_sub = &keys_traffic_action, .ks_flags = KEY_REQUIRED,
     .ks_doc = "What they do; each time one of these, by chance.",
     .ks_example = "[{http: {host: web, path: /}}, {dns: {name: www.health.test}}]"},
    {.ks_key = "every", .ks_type = KEY_DURATION, .ks_flags = KEY_REQUIRED,
     .ks_doc = "How often.", .ks_example = "30s"},
    {.ks_key = "jitter", .ks_type = KEY_DURATION, .ks_default = "0s",
     .ks_doc = "Later by up to so much.", .ks_example = "10s"},
    {.ks_key = "probability", .ks_type = KEY_PERCENT, .ks_default = "100%",
     .ks_doc = "In so many of the cases.", .ks_example = "80%"},
    {.ks_key = "hours", .ks_type = KEY_SHORT, .ks_item = KEY_HOURS, .ks_sub = &keys_hours,
     .ks_doc = "Only at these times.", .ks_example = "\"09:00-18:00\""},
    {.ks_key = "seed", .ks_type = KEY_INT, .ks_min = 0, .ks_max = G_MAXINT32,
     .ks_default = "0", .ks_doc = "Draws other actions and times from the same file.",
     .ks_example = "3"},
    {.ks_key = "label", .ks_type = KEY_NAME,
     .ks_doc = "How records name it, to be told from attacks.", .ks_example = "staff"},
    {.ks_key = "lasts", .ks_type = KEY_DURATION,
     .ks_doc = "So long; to the drill's end where it is not said.", .ks_example = "8h"},
    END,
};
const KeyTable keys_traffic = {"traffic", "Background users.", traffic_keys};

static const KeySpec traffic_action_keys[] = {
    KIND("http", keys_traffic_http, "A page is asked for.", "{host: web, path: /}"),
    KIND("dns", keys_traffic_dns, "A name is asked for.", "{name: www.health.test}"),
    KIND("tcp", keys_traffic_tcp, "A connection is opened.", "{host: files, port: 445}"),
    {.ks_key = "run", .ks_type = KEY_TEXT, .ks_flags = KEY_CHOICE | KEY_REFS,
     .ks_doc = "A script for sh.", .ks_example = "cat /srv/share/*.txt >/dev/null"},
    END,
};
const KeyTable keys_traffic_action = {"an action of users", "One thing that they do.",
    traffic_action_keys};

#define TO \
    {.ks_key = "host", .ks_type = KEY_NAME, .ks_flags = KEY_REQUIRED, \
     .ks_doc = "A host of the team's estate.", .ks_example = "web"}

static const KeySpec traffic_http_keys[] = {
    TO,
    {.ks_key = "path", .ks_type = KEY_TEXT, .ks_default = "/", .ks_flags = KEY_REFS,
     .ks_doc = "The page.", .ks_example = "/forms/"},
    {.ks_key = "port", .ks_type = KEY_INT, .ks_min = 1, .ks_max = 65535, .ks_default = "80",
     .ks_doc = "As the host itself has it.", .ks_example = "8080"},
    END,
};
const KeyTable keys_traffic_http = {"a page", "A page is asked for.", traffic_http_keys};

static const KeySpec traffic_dns_keys[] = {
    {.ks_key = "name", .ks_type = KEY_DNSNAME, .ks_flags = KEY_REQUIRED,
     .ks_doc = "The name.", .ks_example = "www.health.test"},
    END,
};
const KeyTable keys_traffic_dns = {"a question", "A name is asked for.", traffic_dns_keys};

static const KeySpec traffic_tcp_keys[] = {
    TO,
    {.ks_key = "port", .ks_type = KEY_INT, .ks_min = 1, .ks_max = 65535,
     .ks_flags = KEY_REQUIRED, .ks_doc = "As the host itself has it.", .ks_example = "445"},
    END,
};
const KeyTable keys_traffic_tcp = {"a connection", "A connection is opened.",
    traffic_tcp_keys};
/* clang-format on */
