/* Words of checks. */
#include "scenarios/keys_spec.h"

/* clang-format off */
static const char *const word_sha[] = {"original", "exists", "absent", NULL};
static const char *const word_proto[] = {"tcp", "udp", NULL};

#define CHECK_KINDS \
    {.ks_key = "tcp", .ks_type = KEY_MAP, .ks_sub = &keys_tcp, .ks_flags = KEY_CHOICE, \
     .ks_since = V1, .ks_doc = "A port answers.", \
     .ks_example = "{port: 22, expect: SSH-2.0}"}, \
    {.ks_key = "http", .ks_type = KEY_MAP, .ks_sub = &keys_http, .ks_flags = KEY_CHOICE, \
     .ks_since = V1, .ks_doc = "A page comes as it should.", \
     .ks_example = "{path: /, status: 200, body: Welcome}"}, \
    {.ks_key = "dns", .ks_type = KEY_MAP, .ks_sub = &keys_dns, .ks_flags = KEY_CHOICE, \
     .ks_since = V1, .ks_doc = "A name resolves to an address.", \
     .ks_example = "{name: www.health.test, answer: 10.10.1.10}"}, \
    {.ks_key = "file", .ks_type = KEY_MAP, .ks_sub = &keys_file_check, \
     .ks_flags = KEY_CHOICE, .ks_since = V1, .ks_doc = "A file is as it should be.", \
     .ks_example = "{path: /etc/motd, sha256: original}"}, \
    {.ks_key = "process", .ks_type = KEY_MAP, .ks_sub = &keys_process, \
     .ks_flags = KEY_CHOICE, .ks_since = V1, .ks_doc = "A process runs.", \
     .ks_example = "{name: nginx}"}, \
    {.ks_key = "service", .ks_type = KEY_MAP, .ks_sub = &keys_service, \
     .ks_flags = KEY_CHOICE, .ks_since = V1, .ks_doc = "A service runs.", \
     .ks_example = "{name: nginx}"}, \
    {.ks_key = "port", .ks_type = KEY_MAP, .ks_sub = &keys_port, .ks_flags = KEY_CHOICE, \
     .ks_since = V1, .ks_doc = "Something listens on the host itself.", \
     .ks_example = "{port: 53, proto: udp}"}, \
    {.ks_key = "command", .ks_type = KEY_MAP, .ks_sub = &keys_command, \
     .ks_flags = KEY_CHOICE, .ks_since = V1, .ks_doc = "A command ends as it should.", \
     .ks_example = "{run: nginx -t}"}, \
    {.ks_key = "plugin", .ks_type = KEY_MAP, .ks_sub = &keys_plugin, \
     .ks_flags = KEY_CHOICE, .ks_since = V2, .ks_doc = "A Nagios or Monitoring plugin.", \
     .ks_example = "{name: check_http, args: [\"-H\", www.health.test]}"}

static const KeySpec check_keys[] = {
    {.ks_key = "host", .ks_type = KEY_NAME, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "The host looked at.",
     .ks_example = "web"},
    {.ks_key = "from", .ks_type = KEY_NAME, .ks_since = V1,
     .ks_doc = "The host that looks; needed for tcp, http and dns, may be given for a plugin.",
     .ks_example = "referee"},
    {.ks_key = "every", .ks_type = KEY_DURATION, .ks_since = V1,
     .ks_doc = "Interval; without it the check runs only where an expectation asks.",
     .ks_example = "60s"},
    {.ks_key = "deadline", .ks_type = KEY_DURATION, .ks_default = "10s", .ks_since = V1,
     .ks_doc = "No answer by then is DOWN.",
     .ks_example = "5s"},
    {.ks_key = "weight", .ks_type = KEY_INT, .ks_min = 0, .ks_max = 100, .ks_since = V1,
     .ks_doc = "Share in availability; 1 with `every`, else 0.",
     .ks_example = "3"},
    CHECK_KINDS,
    {.ks_key = "jitter", .ks_type = KEY_DURATION, .ks_default = "0s", .ks_since = V2,
     .ks_doc = "Each time later by up to so much, drawn from the seed.",
     .ks_example = "10s"},
    {.ks_key = "quiet", .ks_type = KEY_ONE_OR_LIST, .ks_item = KEY_TEXT, .ks_since = V2,
     .ks_doc = "Windows by name, or hours, in which it is not asked and does not count.",
     .ks_example = "[night, \"12:00-13:00\"]"},
    {.ks_key = "grace", .ks_type = KEY_DURATION, .ks_default = "0s", .ks_since = V3,
     .ks_doc = "Where it is not 0, rounds while the host is being reset, and so long after, do "
               "not count.",
     .ks_example = "5m"},
    {.ks_key = "credentials", .ks_type = KEY_NAME,
     .ks_doc = "Credentials of the estate with which it asks.", .ks_example = "webmaster"},
    END,
};
const KeyTable keys_check = {"a check", "What must work, and how it is found out.",
    check_keys};

static const KeySpec effect_keys[] = {
    {.ks_key = "host", .ks_type = KEY_NAME, .ks_since = V1,
     .ks_doc = "Whose agent looks; the victim by default.",
     .ks_example = "box"},
    CHECK_KINDS,
    END,
};
const KeyTable keys_effect = {"an effect",
    "How Parry sees that the attack worked: up means it did.", effect_keys};

static const KeySpec tcp_keys[] = {
    {.ks_key = "port", .ks_type = KEY_INT, .ks_min = 1, .ks_max = 65535,
     .ks_flags = KEY_REQUIRED, .ks_since = V1, .ks_doc = "As the host itself has it.",
     .ks_example = "22"},
    {.ks_key = "expect", .ks_type = KEY_TEXT, .ks_flags = KEY_REFS, .ks_since = V1,
     .ks_doc = "Text in the first bytes that come.",
     .ks_example = "SSH-2.0"},
    END,
};
const KeyTable keys_tcp = {"a tcp check", "A port answers.", tcp_keys};

static const KeySpec http_keys[] = {
    {.ks_key = "path", .ks_type = KEY_TEXT, .ks_default = "/", .ks_flags = KEY_REFS, .ks_since = V1,
     .ks_doc = "What is asked for.",
     .ks_example = "/staff/"},
    {.ks_key = "port", .ks_type = KEY_INT, .ks_min = 1, .ks_max = 65535, .ks_default = "80",
     .ks_since = V1, .ks_doc = "As the host itself has it.",
     .ks_example = "8080"},
    {.ks_key = "status", .ks_type = KEY_INT, .ks_min = 100, .ks_max = 599,
     .ks_default = "200", .ks_since = V1, .ks_doc = "The status it must answer.",
     .ks_example = "401"},
    {.ks_key = "body", .ks_type = KEY_TEXT, .ks_flags = KEY_REFS, .ks_since = V1,
     .ks_doc = "Text that the answer must hold.",
     .ks_example = "Welcome"},
    {.ks_key = "method", .ks_type = KEY_TEXT, .ks_default = "GET", .ks_since = V1,
     .ks_doc = "Method.",
     .ks_example = "HEAD"},
    {.ks_key = "name", .ks_type = KEY_DNSNAME, .ks_since = V1,
     .ks_doc = "Host header; the host's first dns name, or its name, by default.",
     .ks_example = "www.health.test"},
    END,
};
const KeyTable keys_http = {"an http check", "A page comes as it should.", http_keys};

static const KeySpec dns_keys[] = {
    {.ks_key = "name", .ks_type = KEY_DNSNAME, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "The name asked for.",
     .ks_example = "www.health.test"},
    {.ks_key = "answer", .ks_type = KEY_ADDRESS, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "The A record it must have.",
     .ks_example = "10.10.1.10"},
    END,
};
const KeyTable keys_dns = {"a dns check", "A name resolves to an address.", dns_keys};

static const KeySpec file_check_keys[] = {
    {.ks_key = "path", .ks_type = KEY_PATH, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "The file.",
     .ks_example = "/var/www/html/index.html"},
    {.ks_key = "sha256", .ks_type = KEY_DIGEST, .ks_words = word_sha, .ks_since = V1,
     .ks_doc = "Its digest; original: as planted by `files`; exists; absent.",
     .ks_example = "original"},
    {.ks_key = "contains", .ks_type = KEY_TEXT, .ks_flags = KEY_REFS, .ks_since = V1,
     .ks_doc = "Text that it must hold.",
     .ks_example = "Opening hours"},
    END,
};
const KeyTable keys_file_check = {"a file check", "A file is as it should be.",
    file_check_keys};

static const KeySpec process_keys[] = {
    {.ks_key = "name", .ks_type = KEY_TEXT, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "Name of the process (comm, 15 characters at most).",
     .ks_example = "nginx"},
    {.ks_key = "min", .ks_type = KEY_INT, .ks_min = 1, .ks_max = 1000, .ks_default = "1",
     .ks_since = V1, .ks_doc = "So many at least.",
     .ks_example = "2"},
    END,
};
const KeyTable keys_process = {"a process check", "A process runs.", process_keys};

static const KeySpec service_keys[] = {
    {.ks_key = "name", .ks_type = KEY_TEXT, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "Name of the service.",
     .ks_example = "nginx"},
    END,
};
const KeyTable keys_service = {"a service check", "A service runs.", service_keys};

static const KeySpec port_keys[] = {
    {.ks_key = "port", .ks_type = KEY_INT, .ks_min = 1, .ks_max = 65535,
     .ks_flags = KEY_REQUIRED, .ks_since = V1, .ks_doc = "The port listened on.",
     .ks_example = "53"},
    {.ks_key = "proto", .ks_type = KEY_ENUM, .ks_words = word_proto, .ks_default = "tcp",
     .ks_since = V1, .ks_doc = "Protocol.",
     .ks_example = "udp"},
    END,
};
const KeyTable keys_port = {"a port check", "Something listens on the host itself.",
    port_keys};

static const KeySpec command_keys[] = {
    {.ks_key = "run", .ks_type = KEY_TEXT, .ks_flags = KEY_CHOICE | KEY_REFS, .ks_since = V1,
     .ks_doc = "A script for sh.",
     .ks_example = "nginx -t"},
    {.ks_key = "argv", .ks_type = KEY_LIST, .ks_item = KEY_TEXT,
     .ks_flags = KEY_CHOICE | KEY_REFS, .ks_since = V1, .ks_doc = "A program and its arguments, without a shell.",
     .ks_example = "[nginx, -t]"},
    {.ks_key = "user", .ks_type = KEY_ACCOUNT, .ks_default = "root", .ks_since = V1,
     .ks_doc = "Who runs it.",
     .ks_example = "www-data"},
    {.ks_key = "exit", .ks_type = KEY_INT, .ks_min = 0, .ks_max = 255, .ks_default = "0",
     .ks_since = V1, .ks_doc = "The exit status it must have.",
     .ks_example = "1"},
    {.ks_key = "contains", .ks_type = KEY_TEXT, .ks_flags = KEY_REFS, .ks_since = V1,
     .ks_doc = "Text that its output must hold.",
     .ks_example = "syntax is ok"},
    END,
};
const KeyTable keys_command = {"a command check", "A command ends as it should.",
    command_keys};

static const KeySpec plugin_keys[] = {
    {.ks_key = "name", .ks_type = KEY_TEXT, .ks_flags = KEY_REQUIRED, .ks_since = V2,
     .ks_doc = "The plugin's program, without a directory.", .ks_example = "check_http"},
    {.ks_key = "args", .ks_type = KEY_LIST, .ks_item = KEY_TEXT, .ks_flags = KEY_REFS,
     .ks_since = V2, .ks_doc = "Its arguments.",
     .ks_example = "[\"-H\", \"${host.web.address}\"]"},
    {.ks_key = "user", .ks_type = KEY_ACCOUNT, .ks_default = "root", .ks_since = V2,
     .ks_doc = "Who runs it.", .ks_example = "nobody"},
    END,
};
const KeyTable keys_plugin = {"a plugin check", "A Nagios or Monitoring plugin.",
    plugin_keys};
/* clang-format on */
