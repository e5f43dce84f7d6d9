#include "scenarios/keys.h"

#include "scenarios/base/duration.h"
#include "scenarios/values.h"

#include <string.h>

#define V1 "0.1"

/* clang-format off */
static const char *const word_end[] = {"end", NULL};
static const char *const word_red[] = {"free", "locked", NULL};
static const char *const word_side[] = {"red", "blue", "white", "green", "observer", NULL};
static const char *const word_owner[] = {"white", "green", NULL};
static const char *const word_agent[] = {"auto", "seed", "none", NULL};
static const char *const word_kind[] = {"attack-path", "network-boundary", "target-system",
    "important-data", "other-system", NULL};
static const char *const word_risk[] = {"observes", "changes-state", "stops-service",
    "destroys-data", NULL};
static const char *const word_sha[] = {"original", "exists", "absent", NULL};
static const char *const word_proto[] = {"tcp", "udp", NULL};
static const char *const word_profile[] = {"hk-drill", "!ad", "!ccdc", NULL};
static const char *const word_all[] = {"all", "none", NULL};

#define NOT_BUILT(key, doc) {.ks_key = key, .ks_type = KEY_ANY, .ks_doc = doc}
#define END {.ks_key = NULL}

static const KeySpec root_keys[] = {
    {.ks_key = "parry", .ks_type = KEY_INT, .ks_min = 1, .ks_max = 1, .ks_flags = KEY_REQUIRED,
     .ks_since = V1, .ks_doc = "Version of the language: 1."},
    {.ks_key = "drill", .ks_type = KEY_MAP, .ks_sub = &keys_drill, .ks_flags = KEY_REQUIRED,
     .ks_since = V1, .ks_doc = "Name, title, start and length."},
    {.ks_key = "scope", .ks_type = KEY_MAP, .ks_sub = &keys_scope, .ks_since = V1,
     .ks_doc = "Who allowed it, and what is allowed."},
    {.ks_key = "phases", .ks_type = KEY_NAMED, .ks_item = KEY_MAP, .ks_sub = &keys_phase,
     .ks_since = V1, .ks_doc = "Parts of the drill, one after another, in the order written."},
    {.ks_key = "teams", .ks_type = KEY_NAMED, .ks_item = KEY_MAP, .ks_sub = &keys_team,
     .ks_flags = KEY_REQUIRED, .ks_since = V1, .ks_doc = "Who takes part."},
    {.ks_key = "networks", .ks_type = KEY_NAMED, .ks_item = KEY_MAP, .ks_sub = &keys_network,
     .ks_since = V1, .ks_doc = "White's networks, which all estates may share."},
    {.ks_key = "images", .ks_type = KEY_NAMED, .ks_item = KEY_MAP, .ks_sub = &keys_image,
     .ks_since = V1, .ks_doc = "What hosts boot from; \"micro\" is built in."},
    {.ks_key = "estates", .ks_type = KEY_NAMED, .ks_item = KEY_MAP, .ks_sub = &keys_estate,
     .ks_since = V1, .ks_doc = "What a team owns; each team gets its own copy."},
    {.ks_key = "injects", .ks_type = KEY_NAMED, .ks_item = KEY_MAP, .ks_sub = &keys_inject,
     .ks_since = V1, .ks_doc = "What happens to the teams: attacks and messages."},
    {.ks_key = "scoring", .ks_type = KEY_MAP, .ks_sub = &keys_scoring, .ks_since = V1,
     .ks_doc = "Profile and weights."},
    {.ks_key = "rehearsal", .ks_type = KEY_NAMED, .ks_item = KEY_MAP, .ks_sub = &keys_script,
     .ks_since = V1, .ks_doc = "Scripted players, by team: try a drill with nobody there."},
    NOT_BUILT("includes", "Other files of this scenario."),
    NOT_BUILT("defaults", "Values for keys that hosts, checks or injects leave away."),
    NOT_BUILT("parameters", "Values that --set may change."),
    NOT_BUILT("objectives", "Metrics, evaluations, training objectives and goals."),
    NOT_BUILT("secrets", "Seeded passwords, ports and texts, one a team."),
    NOT_BUILT("traffic", "Background users."),
    NOT_BUILT("privacy", "Notice, retention and who sees recordings."),
    NOT_BUILT("windows", "Times at which nothing is scored or attacked."),
    END,
};
const KeyTable keys_root = {"a scenario", "The whole file.", root_keys};

static const KeySpec drill_keys[] = {
    {.ks_key = "name", .ks_type = KEY_NAME, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "Names the drill everywhere: directory, domains, journal."},
    {.ks_key = "title", .ks_type = KEY_LANGTEXT, .ks_since = V1,
     .ks_doc = "What people read; the name where it is absent."},
    {.ks_key = "start", .ks_type = KEY_DATETIME, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "Nominal start, in the drill's timezone."},
    {.ks_key = "timezone", .ks_type = KEY_TEXT, .ks_default = "UTC", .ks_since = V1,
     .ks_doc = "Name in the tz database, such as Asia/Hong_Kong."},
    {.ks_key = "duration", .ks_type = KEY_DURATION, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "From start to end, on the drill's clock."},
    {.ks_key = "seed", .ks_type = KEY_INT, .ks_min = 0, .ks_max = G_MAXINT32,
     .ks_default = "0", .ks_since = V1, .ks_doc = "Draws other jitter from the same file."},
    END,
};
const KeyTable keys_drill = {"drill", "Name, title, start and length.", drill_keys};

static const KeySpec scope_keys[] = {
    {.ks_key = "authorised-by", .ks_type = KEY_TEXT, .ks_since = V1,
     .ks_doc = "Who allowed the drill; stands in the report."},
    {.ks_key = "safety-officer", .ks_type = KEY_TEXT, .ks_since = V1,
     .ks_doc = "Whom to call when something goes wrong."},
    {.ks_key = "max-risk", .ks_type = KEY_ENUM, .ks_words = word_risk,
     .ks_default = "changes-state", .ks_since = V1,
     .ks_doc = "The highest risk that an inject may have."},
    {.ks_key = "allow", .ks_type = KEY_LIST, .ks_item = KEY_TECHNIQUE, .ks_since = V1,
     .ks_doc = "ATT&CK techniques that injects may use; T1110 covers T1110.001 too."},
    NOT_BUILT("rules", "Rules for people."),
    NOT_BUILT("window", "Times of day at which attacks may run."),
    END,
};
const KeyTable keys_scope = {"scope", "Who allowed it, and what is allowed.", scope_keys};

static const KeySpec phase_keys[] = {
    {.ks_key = "until", .ks_type = KEY_MOMENT, .ks_words = word_end, .ks_flags = KEY_CHOICE,
     .ks_since = V1, .ks_doc = "When it ends; \"end\" is the drill's end."},
    {.ks_key = "lasts", .ks_type = KEY_DURATION, .ks_flags = KEY_CHOICE, .ks_since = V1,
     .ks_doc = "How long it lasts, from the end of the one before."},
    {.ks_key = "score", .ks_type = KEY_BOOL, .ks_default = "true", .ks_since = V1,
     .ks_doc = "Whether checks and injects count; never after the drill's end."},
    {.ks_key = "red", .ks_type = KEY_ENUM, .ks_words = word_red, .ks_default = "free",
     .ks_since = V1, .ks_doc = "Whether red may act."},
    END,
};
const KeyTable keys_phase = {"a phase", "A part of the drill.", phase_keys};

static const KeySpec team_keys[] = {
    {.ks_key = "side", .ks_type = KEY_ENUM, .ks_words = word_side, .ks_flags = KEY_REQUIRED,
     .ks_since = V1, .ks_doc = "Which side it plays on."},
    {.ks_key = "title", .ks_type = KEY_LANGTEXT, .ks_since = V1,
     .ks_doc = "What people read; the name where it is absent."},
    {.ks_key = "count", .ks_type = KEY_INT, .ks_min = 1, .ks_max = 64, .ks_default = "1",
     .ks_since = V1, .ks_doc = "So many like teams, named NAME-1, NAME-2 and so on."},
    {.ks_key = "estate", .ks_type = KEY_NAME, .ks_since = V1,
     .ks_doc = "The estate it gets a copy of."},
    {.ks_key = "members", .ks_type = KEY_NAMED, .ks_item = KEY_MAP, .ks_sub = &keys_member,
     .ks_since = V1, .ks_doc = "Its people; without any, one named as the team."},
    NOT_BUILT("labels", "Words by which injects choose teams."),
    NOT_BUILT("assign", "Which blue teams a red team attacks."),
    NOT_BUILT("shifts", "Who is there when."),
    END,
};
const KeyTable keys_team = {"a team", "Who takes part.", team_keys};

static const KeySpec member_keys[] = {
    {.ks_key = "key", .ks_type = KEY_TEXT, .ks_default = "generate", .ks_since = V1,
     .ks_doc = "OpenSSH public key, or \"generate\": a pair is made at `up`."},
    END,
};
const KeyTable keys_member = {"a member", "A person of a team, by pseudonym.", member_keys};

static const KeySpec network_keys[] = {
    {.ks_key = "cidr", .ks_type = KEY_CIDR, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "Its IPv4 addresses, /8 to /30."},
    NOT_BUILT("link", "Delay, loss and rate."),
    NOT_BUILT("mirror", "The host that sees a copy of all frames."),
    END,
};
const KeyTable keys_network = {"a network", "A wire between hosts; nothing else is on it.",
    network_keys};

static const KeySpec image_keys[] = {
    {.ks_key = "base", .ks_type = KEY_TEXT, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "micro, debian/SUITE, or the path of a qcow2, from the scenario's directory."},
    {.ks_key = "packages", .ks_type = KEY_LIST, .ks_item = KEY_PACKAGE, .ks_since = V1,
     .ks_doc = "Debian packages, installed when the image is built."},
    {.ks_key = "files", .ks_type = KEY_LIST, .ks_item = KEY_MAP, .ks_sub = &keys_file,
     .ks_since = V1, .ks_doc = "Files baked in."},
    END,
};
const KeyTable keys_image = {"an image", "What hosts boot from.", image_keys};

static const KeySpec file_keys[] = {
    {.ks_key = "path", .ks_type = KEY_PATH, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "Where it stands in the guest."},
    {.ks_key = "content", .ks_type = KEY_TEXT, .ks_flags = KEY_CHOICE, .ks_since = V1,
     .ks_doc = "What is in it."},
    {.ks_key = "source", .ks_type = KEY_TEXT, .ks_flags = KEY_CHOICE, .ks_since = V1,
     .ks_doc = "A file below the scenario's directory, taken byte for byte (1 MiB at most)."},
    {.ks_key = "mode", .ks_type = KEY_MODE, .ks_default = "0644", .ks_since = V1,
     .ks_doc = "Octal mode."},
    {.ks_key = "owner", .ks_type = KEY_ACCOUNT, .ks_default = "root", .ks_since = V1,
     .ks_doc = "Its owner."},
    {.ks_key = "group", .ks_type = KEY_ACCOUNT, .ks_default = "root", .ks_since = V1,
     .ks_doc = "Its group."},
    END,
};
const KeyTable keys_file = {"a file", "A file planted in a guest.", file_keys};

static const KeySpec estate_keys[] = {
    {.ks_key = "networks", .ks_type = KEY_NAMED, .ks_item = KEY_MAP, .ks_sub = &keys_network,
     .ks_since = V1, .ks_doc = "Networks inside: each team's copy has the same addresses."},
    {.ks_key = "hosts", .ks_type = KEY_NAMED, .ks_item = KEY_MAP, .ks_sub = &keys_host,
     .ks_since = V1, .ks_doc = "Its virtual machines."},
    {.ks_key = "targets", .ks_type = KEY_NAMED, .ks_item = KEY_MAP, .ks_sub = &keys_target,
     .ks_since = V1, .ks_doc = "What is worth attacking."},
    {.ks_key = "checks", .ks_type = KEY_NAMED, .ks_item = KEY_MAP, .ks_sub = &keys_check,
     .ks_since = V1, .ks_doc = "What must work."},
    NOT_BUILT("weaknesses", "Planted weaknesses by host and technique."),
    NOT_BUILT("flags", "Planted flags that prove a breach."),
    END,
};
const KeyTable keys_estate = {"an estate", "What a team owns.", estate_keys};

static const KeySpec host_keys[] = {
    {.ks_key = "image", .ks_type = KEY_NAME, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "micro, or a name below `images`."},
    {.ks_key = "owner", .ks_type = KEY_ENUM, .ks_words = word_owner, .ks_since = V1,
     .ks_doc = "Who has root, where it is not the team: a referee is white's."},
    {.ks_key = "memory", .ks_type = KEY_SIZE, .ks_since = V1,
     .ks_doc = "Memory: 128M for micro, 384M for Debian, 1G for an own image by default."},
    {.ks_key = "disk", .ks_type = KEY_SIZE, .ks_since = V1,
     .ks_doc = "Size of its disk; none for micro, 2G for Debian, the image's by default."},
    {.ks_key = "cpus", .ks_type = KEY_INT, .ks_min = 1, .ks_max = 64, .ks_default = "1",
     .ks_since = V1, .ks_doc = "Virtual processors."},
    {.ks_key = "nics", .ks_type = KEY_NAMED, .ks_item = KEY_NIC, .ks_since = V1,
     .ks_doc = "By network: the host part of its address, a whole address, or auto."},
    {.ks_key = "dns", .ks_type = KEY_ONE_OR_LIST, .ks_item = KEY_DNSNAME, .ks_since = V1,
     .ks_doc = "Further names in the hosts file of those who may see it."},
    {.ks_key = "files", .ks_type = KEY_LIST, .ks_item = KEY_MAP, .ks_sub = &keys_file,
     .ks_since = V1, .ks_doc = "Files planted before the drill."},
    {.ks_key = "users", .ks_type = KEY_NAMED, .ks_item = KEY_MAP, .ks_name = KEY_ACCOUNT,
     .ks_sub = &keys_user, .ks_since = V1, .ks_doc = "Accounts made before the drill."},
    {.ks_key = "services", .ks_type = KEY_LIST, .ks_item = KEY_ACCOUNT, .ks_since = V1,
     .ks_doc = "Services started before the drill."},
    {.ks_key = "run", .ks_type = KEY_ONE_OR_LIST, .ks_item = KEY_TEXT, .ks_since = V1,
     .ks_doc = "Scripts run once as root, in order, before the drill."},
    {.ks_key = "router", .ks_type = KEY_MAP, .ks_sub = &keys_router, .ks_since = V1,
     .ks_doc = "Makes it forward between its networks."},
    {.ks_key = "routes", .ks_type = KEY_LIST, .ks_item = KEY_MAP, .ks_sub = &keys_route,
     .ks_since = V1, .ks_doc = "Routes besides those that follow from the routers."},
    {.ks_key = "agent", .ks_type = KEY_ENUM, .ks_words = word_agent, .ks_default = "auto",
     .ks_since = V1, .ks_doc = "How the agent gets in: by itself, by cloud-init seed, or not."},
    {.ks_key = "required", .ks_type = KEY_BOOL, .ks_default = "true", .ks_since = V1,
     .ks_doc = "Whether the drill waits for it before `ready`."},
    NOT_BUILT("after", "Hosts that must be up before it."),
    NOT_BUILT("count", "So many like hosts."),
    NOT_BUILT("labels", "Words by which injects choose hosts."),
    END,
};
const KeyTable keys_host = {"a host", "A virtual machine.", host_keys};

static const KeySpec router_keys[] = {
    {.ks_key = "publish", .ks_type = KEY_NAMED, .ks_item = KEY_PORTS, .ks_since = V1,
     .ks_doc = "By host inside: ports that the router's shared addresses pass on to it."},
    {.ks_key = "masquerade", .ks_type = KEY_ONE_OR_LIST, .ks_item = KEY_NAME, .ks_since = V1,
     .ks_doc = "Networks on which the router's own address hides those behind it; all "
               "shared ones by default."},
    NOT_BUILT("firewall", "Rules by name."),
    END,
};
const KeyTable keys_router = {"a router", "What makes a host a router.", router_keys};

static const KeySpec route_keys[] = {
    {.ks_key = "to", .ks_type = KEY_CIDR, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "Where to; 0.0.0.0/0 is the default."},
    {.ks_key = "via", .ks_type = KEY_ADDRESS, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "The next hop, on one of its networks."},
    END,
};
const KeyTable keys_route = {"a route", "A route of a host.", route_keys};

static const KeySpec user_keys[] = {
    {.ks_key = "password", .ks_type = KEY_TEXT, .ks_since = V1,
     .ks_doc = "Planted, in plain text, worthless outside the drill; without it none works."},
    {.ks_key = "uid", .ks_type = KEY_INT, .ks_min = 1, .ks_max = 60000, .ks_since = V1,
     .ks_doc = "From 1001 on, in the order written, by default."},
    {.ks_key = "shell", .ks_type = KEY_PATH, .ks_default = "/bin/sh", .ks_since = V1,
     .ks_doc = "Login shell."},
    {.ks_key = "groups", .ks_type = KEY_LIST, .ks_item = KEY_ACCOUNT, .ks_since = V1,
     .ks_doc = "Further groups."},
    END,
};
const KeyTable keys_user = {"a user", "An account in a guest.", user_keys};

static const KeySpec target_keys[] = {
    {.ks_key = "host", .ks_type = KEY_NAME, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "Where it lives."},
    {.ks_key = "kind", .ks_type = KEY_ENUM, .ks_words = word_kind,
     .ks_default = "target-system", .ks_since = V1, .ks_doc = "What a breach of it is worth."},
    {.ks_key = "criticality", .ks_type = KEY_PERCENT, .ks_default = "100%", .ks_since = V1,
     .ks_doc = "Scales that worth."},
    END,
};
const KeyTable keys_target = {"a target", "What is worth attacking.", target_keys};

#define CHECK_KINDS \
    {.ks_key = "tcp", .ks_type = KEY_MAP, .ks_sub = &keys_tcp, .ks_flags = KEY_CHOICE, \
     .ks_since = V1, .ks_doc = "A port answers."}, \
    {.ks_key = "http", .ks_type = KEY_MAP, .ks_sub = &keys_http, .ks_flags = KEY_CHOICE, \
     .ks_since = V1, .ks_doc = "A page comes as it should."}, \
    {.ks_key = "dns", .ks_type = KEY_MAP, .ks_sub = &keys_dns, .ks_flags = KEY_CHOICE, \
     .ks_since = V1, .ks_doc = "A name resolves to an address."}, \
    {.ks_key = "file", .ks_type = KEY_MAP, .ks_sub = &keys_file_check, \
     .ks_flags = KEY_CHOICE, .ks_since = V1, .ks_doc = "A file is as it should be."}, \
    {.ks_key = "process", .ks_type = KEY_MAP, .ks_sub = &keys_process, \
     .ks_flags = KEY_CHOICE, .ks_since = V1, .ks_doc = "A process runs."}, \
    {.ks_key = "service", .ks_type = KEY_MAP, .ks_sub = &keys_service, \
     .ks_flags = KEY_CHOICE, .ks_since = V1, .ks_doc = "A service runs."}, \
    {.ks_key = "port", .ks_type = KEY_MAP, .ks_sub = &keys_port, .ks_flags = KEY_CHOICE, \
     .ks_since = V1, .ks_doc = "Something listens on the host itself."}, \
    {.ks_key = "command", .ks_type = KEY_MAP, .ks_sub = &keys_command, \
     .ks_flags = KEY_CHOICE, .ks_since = V1, .ks_doc = "A command ends as it should."}, \
    {.ks_key = "plugin", .ks_type = KEY_ANY, .ks_flags = KEY_CHOICE, \
     .ks_doc = "A Nagios or Monitoring plugin."}

static const KeySpec check_keys[] = {
    {.ks_key = "host", .ks_type = KEY_NAME, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "The host looked at."},
    {.ks_key = "from", .ks_type = KEY_NAME, .ks_since = V1,
     .ks_doc = "The host that looks; needed for tcp, http and dns, white's where it scores."},
    {.ks_key = "every", .ks_type = KEY_DURATION, .ks_since = V1,
     .ks_doc = "Interval; without it the check runs only where an expectation asks."},
    {.ks_key = "deadline", .ks_type = KEY_DURATION, .ks_default = "10s", .ks_since = V1,
     .ks_doc = "No answer by then is DOWN."},
    {.ks_key = "weight", .ks_type = KEY_INT, .ks_min = 0, .ks_max = 100, .ks_since = V1,
     .ks_doc = "Share in availability; 1 with `every`, else 0."},
    CHECK_KINDS,
    NOT_BUILT("jitter", "Spread of the interval."),
    NOT_BUILT("grace", "Time after a reset that does not count."),
    NOT_BUILT("quiet", "Times at which it does not run."),
    END,
};
const KeyTable keys_check = {"a check", "What must work, and how it is found out.",
    check_keys};

static const KeySpec effect_keys[] = {
    {.ks_key = "host", .ks_type = KEY_NAME, .ks_since = V1,
     .ks_doc = "Whose agent looks; the victim by default."},
    CHECK_KINDS,
    END,
};
const KeyTable keys_effect = {"an effect",
    "How Parry sees that the attack worked: up means it did.", effect_keys};

static const KeySpec tcp_keys[] = {
    {.ks_key = "port", .ks_type = KEY_INT, .ks_min = 1, .ks_max = 65535,
     .ks_flags = KEY_REQUIRED, .ks_since = V1, .ks_doc = "As the host itself has it."},
    {.ks_key = "expect", .ks_type = KEY_TEXT, .ks_since = V1,
     .ks_doc = "Text in the first bytes that come."},
    END,
};
const KeyTable keys_tcp = {"a tcp check", "A port answers.", tcp_keys};

static const KeySpec http_keys[] = {
    {.ks_key = "path", .ks_type = KEY_TEXT, .ks_default = "/", .ks_since = V1,
     .ks_doc = "What is asked for."},
    {.ks_key = "port", .ks_type = KEY_INT, .ks_min = 1, .ks_max = 65535, .ks_default = "80",
     .ks_since = V1, .ks_doc = "As the host itself has it."},
    {.ks_key = "status", .ks_type = KEY_INT, .ks_min = 100, .ks_max = 599,
     .ks_default = "200", .ks_since = V1, .ks_doc = "The status it must answer."},
    {.ks_key = "body", .ks_type = KEY_TEXT, .ks_since = V1,
     .ks_doc = "Text that the answer must hold."},
    {.ks_key = "method", .ks_type = KEY_TEXT, .ks_default = "GET", .ks_since = V1,
     .ks_doc = "Method."},
    {.ks_key = "name", .ks_type = KEY_DNSNAME, .ks_since = V1,
     .ks_doc = "Host header; the host's first dns name, or its name, by default."},
    END,
};
const KeyTable keys_http = {"an http check", "A page comes as it should.", http_keys};

static const KeySpec dns_keys[] = {
    {.ks_key = "name", .ks_type = KEY_DNSNAME, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "The name asked for."},
    {.ks_key = "answer", .ks_type = KEY_ADDRESS, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "The A record it must have."},
    END,
};
const KeyTable keys_dns = {"a dns check", "A name resolves to an address.", dns_keys};

static const KeySpec file_check_keys[] = {
    {.ks_key = "path", .ks_type = KEY_PATH, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "The file."},
    {.ks_key = "sha256", .ks_type = KEY_DIGEST, .ks_words = word_sha, .ks_since = V1,
     .ks_doc = "Its digest; original: as planted by `files`; exists; absent."},
    {.ks_key = "contains", .ks_type = KEY_TEXT, .ks_since = V1,
     .ks_doc = "Text that it must hold."},
    END,
};
const KeyTable keys_file_check = {"a file check", "A file is as it should be.",
    file_check_keys};

static const KeySpec process_keys[] = {
    {.ks_key = "name", .ks_type = KEY_TEXT, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "Name of the process (comm, 15 characters at most)."},
    {.ks_key = "min", .ks_type = KEY_INT, .ks_min = 1, .ks_max = 1000, .ks_default = "1",
     .ks_since = V1, .ks_doc = "So many at least."},
    END,
};
const KeyTable keys_process = {"a process check", "A process runs.", process_keys};

static const KeySpec service_keys[] = {
    {.ks_key = "name", .ks_type = KEY_TEXT, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "Name of the service."},
    END,
};
const KeyTable keys_service = {"a service check", "A service runs.", service_keys};

static const KeySpec port_keys[] = {
    {.ks_key = "port", .ks_type = KEY_INT, .ks_min = 1, .ks_max = 65535,
     .ks_flags = KEY_REQUIRED, .ks_since = V1, .ks_doc = "The port listened on."},
    {.ks_key = "proto", .ks_type = KEY_ENUM, .ks_words = word_proto, .ks_default = "tcp",
     .ks_since = V1, .ks_doc = "Protocol."},
    END,
};
const KeyTable keys_port = {"a port check", "Something listens on the host itself.",
    port_keys};

static const KeySpec command_keys[] = {
    {.ks_key = "run", .ks_type = KEY_TEXT, .ks_flags = KEY_CHOICE, .ks_since = V1,
     .ks_doc = "A script for sh."},
    {.ks_key = "argv", .ks_type = KEY_LIST, .ks_item = KEY_TEXT, .ks_flags = KEY_CHOICE,
     .ks_since = V1, .ks_doc = "A program and its arguments, without a shell."},
    {.ks_key = "user", .ks_type = KEY_ACCOUNT, .ks_default = "root", .ks_since = V1,
     .ks_doc = "Who runs it."},
    {.ks_key = "exit", .ks_type = KEY_INT, .ks_min = 0, .ks_max = 255, .ks_default = "0",
     .ks_since = V1, .ks_doc = "The exit status it must have."},
    {.ks_key = "contains", .ks_type = KEY_TEXT, .ks_since = V1,
     .ks_doc = "Text that its output must hold."},
    END,
};
const KeyTable keys_command = {"a command check", "A command ends as it should.",
    command_keys};

static const KeySpec inject_keys[] = {
    {.ks_key = "at", .ks_type = KEY_MOMENT, .ks_since = V1,
     .ks_doc = "When: elapsed, weekday and time, or date and time."},
    {.ks_key = "jitter", .ks_type = KEY_DURATION, .ks_default = "0s", .ks_since = V1,
     .ks_doc = "Up to so much later, drawn from the seed, the same for all teams."},
    {.ks_key = "title", .ks_type = KEY_LANGTEXT, .ks_since = V1,
     .ks_doc = "What people read; the name where it is absent."},
    {.ks_key = "for", .ks_type = KEY_ONE_OR_LIST, .ks_item = KEY_NAME, .ks_since = V1,
     .ks_doc = "Teams or sides attacked; all of blue by default."},
    {.ks_key = "by", .ks_type = KEY_NAME, .ks_since = V1,
     .ks_doc = "Red team in whose name it runs, a side (its teams take turns), or white; "
               "the first red team by default."},
    {.ks_key = "technique", .ks_type = KEY_TECHNIQUE, .ks_since = V1,
     .ks_doc = "ATT&CK technique of an attack."},
    {.ks_key = "risk", .ks_type = KEY_ENUM, .ks_words = word_risk,
     .ks_default = "changes-state", .ks_since = V1,
     .ks_doc = "What an attack does at worst; not above the scope's max-risk."},
    {.ks_key = "host", .ks_type = KEY_NAME, .ks_since = V1, .ks_doc = "The victim."},
    {.ks_key = "target", .ks_type = KEY_NAME, .ks_since = V1,
     .ks_doc = "The target that is breached, or none; the first on that host by default."},
    {.ks_key = "attack", .ks_type = KEY_MAP, .ks_sub = &keys_attack, .ks_flags = KEY_CHOICE,
     .ks_since = V1, .ks_doc = "Something done to a host."},
    {.ks_key = "message", .ks_type = KEY_MAP, .ks_sub = &keys_message,
     .ks_flags = KEY_CHOICE, .ks_since = V1, .ks_doc = "Something told to people."},
    {.ks_key = "indicators", .ks_type = KEY_LIST, .ks_item = KEY_TEXT, .ks_since = V1,
     .ks_doc = "What a report may name: paths, addresses, accounts."},
    {.ks_key = "playbook", .ks_type = KEY_MAP, .ks_sub = &keys_playbook, .ks_since = V1,
     .ks_doc = "How a skilled defender finds it and puts it right."},
    {.ks_key = "expect", .ks_type = KEY_MAP, .ks_sub = &keys_expect, .ks_since = V1,
     .ks_doc = "What earns points."},
    {.ks_key = "fault", .ks_type = KEY_ANY, .ks_flags = KEY_CHOICE,
     .ks_doc = "Something that breaks."},
    NOT_BUILT("after", "Another inject and how it ended."),
    NOT_BUILT("when", "A condition on checks, claims, reports or scores."),
    NOT_BUILT("hold", "Wait for a controller's approval."),
    NOT_BUILT("retry", "Try again where the platform failed."),
    NOT_BUILT("expires", "Too late after so long."),
    END,
};
const KeyTable keys_inject = {"an inject", "What happens to the teams.", inject_keys};

static const KeySpec attack_keys[] = {
    {.ks_key = "run", .ks_type = KEY_TEXT, .ks_flags = KEY_CHOICE, .ks_since = V1,
     .ks_doc = "A script for sh. Exit 0: it ran; 10: the defence stopped it; else it failed."},
    {.ks_key = "cleanup", .ks_type = KEY_TEXT, .ks_since = V1,
     .ks_doc = "A script that takes away what it left."},
    {.ks_key = "from", .ks_type = KEY_NAME, .ks_since = V1,
     .ks_doc = "A host of the red team, or of the victim's estate; the victim by default."},
    {.ks_key = "user", .ks_type = KEY_ACCOUNT, .ks_default = "root", .ks_since = V1,
     .ks_doc = "Who runs it there."},
    {.ks_key = "timeout", .ks_type = KEY_DURATION, .ks_default = "60s", .ks_since = V1,
     .ks_doc = "It is killed by then."},
    {.ks_key = "effect", .ks_type = KEY_MAP, .ks_sub = &keys_effect, .ks_since = V1,
     .ks_doc = "How Parry sees that it worked."},
    {.ks_key = "atomic", .ks_type = KEY_ANY, .ks_flags = KEY_CHOICE,
     .ks_doc = "GUID of an Atomic Red Team test."},
    {.ks_key = "caldera", .ks_type = KEY_ANY, .ks_flags = KEY_CHOICE,
     .ks_doc = "Id of a Caldera ability."},
    NOT_BUILT("steps", "A chain."),
    END,
};
const KeyTable keys_attack = {"an attack", "Something done to a host.", attack_keys};

static const KeySpec message_keys[] = {
    {.ks_key = "to", .ks_type = KEY_ONE_OR_LIST, .ks_item = KEY_NAME,
     .ks_flags = KEY_REQUIRED, .ks_since = V1, .ks_doc = "Teams or sides."},
    {.ks_key = "subject", .ks_type = KEY_LANGTEXT, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "One line."},
    {.ks_key = "body", .ks_type = KEY_LANGTEXT, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "The text."},
    {.ks_key = "answer-within", .ks_type = KEY_DURATION, .ks_since = V1,
     .ks_doc = "An answer is wanted by then."},
    NOT_BUILT("from", "Who sends it."),
    NOT_BUILT("channel", "Mail, phone, paper."),
    NOT_BUILT("attachment", "A file."),
    NOT_BUILT("rubric", "How answers are graded."),
    END,
};
const KeyTable keys_message = {"a message", "Something told to people.", message_keys};

static const KeySpec playbook_keys[] = {
    {.ks_key = "detect", .ks_type = KEY_TEXT, .ks_since = V1,
     .ks_doc = "A script that exits 0 where it finds the traces, and may print what it found."},
    {.ks_key = "contain", .ks_type = KEY_TEXT, .ks_since = V1,
     .ks_doc = "A script that puts it right."},
    END,
};
const KeyTable keys_playbook = {"a playbook",
    "Runs in rehearsals on the victim; evaluators read it.", playbook_keys};

static const KeySpec expect_keys[] = {
    {.ks_key = "prevent", .ks_type = KEY_MAP, .ks_sub = &keys_prevent, .ks_since = V1,
     .ks_doc = "The defence stopped it."},
    {.ks_key = "detect", .ks_type = KEY_MAP, .ks_sub = &keys_detect, .ks_since = V1,
     .ks_doc = "Reported in time."},
    {.ks_key = "contain", .ks_type = KEY_MAP, .ks_sub = &keys_contain, .ks_since = V1,
     .ks_doc = "Put right in time."},
    {.ks_key = "answer", .ks_type = KEY_MAP, .ks_sub = &keys_answer, .ks_since = V1,
     .ks_doc = "Answered in time."},
    NOT_BUILT("eradicate", "Taken away altogether."),
    NOT_BUILT("recover", "Service is back."),
    NOT_BUILT("report", "A report of some form."),
    NOT_BUILT("share", "Told to others."),
    END,
};
const KeyTable keys_expect = {"expectations", "What earns points.", expect_keys};

#define POINTS {.ks_key = "points", .ks_type = KEY_POINTS, .ks_flags = KEY_REQUIRED, \
    .ks_since = V1, .ks_doc = "What it earns."}

static const KeySpec prevent_keys[] = {POINTS, END};
const KeyTable keys_prevent = {"prevent", "The defence stopped the attack.", prevent_keys};

static const KeySpec detect_keys[] = {
    {.ks_key = "within", .ks_type = KEY_DURATION, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "From the attack's execution."},
    POINTS, END,
};
const KeyTable keys_detect = {"detect", "The team reports it in time.", detect_keys};

static const KeySpec contain_keys[] = {
    {.ks_key = "check", .ks_type = KEY_NAME, .ks_since = V1,
     .ks_doc = "A check that must be UP; without one the effect must be gone."},
    {.ks_key = "within", .ks_type = KEY_DURATION, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "From the attack's execution."},
    POINTS, END,
};
const KeyTable keys_contain = {"contain", "The team puts it right in time.", contain_keys};

static const KeySpec answer_keys[] = {
    {.ks_key = "within", .ks_type = KEY_DURATION, .ks_since = V1,
     .ks_doc = "From the message; answer-within by default."},
    POINTS, END,
};
const KeyTable keys_answer = {"answer", "The team answers a message in time.", answer_keys};

static const KeySpec scoring_keys[] = {
    {.ks_key = "profile", .ks_type = KEY_ENUM, .ks_words = word_profile,
     .ks_default = "hk-drill", .ks_since = V1, .ks_doc = "The rules."},
    {.ks_key = "weights", .ks_type = KEY_MAP, .ks_sub = &keys_weights, .ks_since = V1,
     .ks_doc = "Shares of a blue team's score."},
    {.ks_key = "cap", .ks_type = KEY_INT, .ks_min = 1, .ks_max = 1000000,
     .ks_default = "37000", .ks_since = V1,
     .ks_doc = "What one red team may take from one blue team."},
    {.ks_key = "bonus-max", .ks_type = KEY_INT, .ks_min = 1, .ks_max = 1000000,
     .ks_default = "3000", .ks_since = V1, .ks_doc = "Most bonus points of a team."},
    END,
};
const KeyTable keys_scoring = {"scoring", "Profile and weights.", scoring_keys};

static const KeySpec weights_keys[] = {
    {.ks_key = "protection", .ks_type = KEY_PERCENT, .ks_default = "50%", .ks_since = V1,
     .ks_doc = "Breaches and reports."},
    {.ks_key = "availability", .ks_type = KEY_PERCENT, .ks_default = "30%", .ks_since = V1,
     .ks_doc = "Checks."},
    {.ks_key = "injects", .ks_type = KEY_PERCENT, .ks_default = "20%", .ks_since = V1,
     .ks_doc = "Expectations."},
    END,
};
const KeyTable keys_weights = {"weights", "Shares of the score; 100% together.",
    weights_keys};

static const KeySpec script_keys[] = {
    {.ks_key = "detect", .ks_type = KEY_SELECTION, .ks_words = word_all,
     .ks_default = "none", .ks_since = V1, .ks_doc = "Injects that it reports (or answers)."},
    {.ks_key = "contain", .ks_type = KEY_SELECTION, .ks_words = word_all,
     .ks_default = "none", .ks_since = V1, .ks_doc = "Injects that it puts right."},
    {.ks_key = "delay", .ks_type = KEY_DURATION, .ks_default = "5m", .ks_since = V1,
     .ks_doc = "It reports so long after the attack, and contains after twice that."},
    {.ks_key = "actions", .ks_type = KEY_LIST, .ks_item = KEY_MAP, .ks_sub = &keys_action,
     .ks_since = V1, .ks_doc = "What it does besides."},
    END,
};
const KeyTable keys_script = {"a rehearsal script", "What a scripted team does.",
    script_keys};

static const KeySpec action_keys[] = {
    {.ks_key = "at", .ks_type = KEY_MOMENT, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "When."},
    {.ks_key = "host", .ks_type = KEY_NAME, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "On which of its hosts."},
    {.ks_key = "title", .ks_type = KEY_TEXT, .ks_since = V1, .ks_doc = "What it is for."},
    {.ks_key = "run", .ks_type = KEY_TEXT, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "A script for sh, run as root."},
    END,
};
const KeyTable keys_action = {"an action", "What a scripted team does at a time.",
    action_keys};
/* clang-format on */

const KeySpec *keys_find(const KeyTable *table, const char *key)
{
    for (const KeySpec *spec = table->kt_keys; spec->ks_key; spec++)
        if (!strcmp(spec->ks_key, key))
            return spec;
    return NULL;
}

const char *key_text(const KeyTable *table, const Node *map, const char *key)
{
    const char *text = node_get_text(map, key);

    return text ? text : keys_find(table, key)->ks_default;
}

gint64 key_int(const KeyTable *table, const Node *map, const char *key)
{
    const char *text = key_text(table, map, key);
    gint64 value = 0;

    if (text)
        value_int(text, &value);
    return value;
}

gboolean key_bool(const KeyTable *table, const Node *map, const char *key)
{
    return !g_strcmp0(key_text(table, map, key), "true");
}

int key_percent(const KeyTable *table, const Node *map, const char *key)
{
    const char *text = key_text(table, map, key);
    int value = 0;

    if (text)
        value_percent(text, &value);
    return value;
}

gint64 key_points(const KeyTable *table, const Node *map, const char *key)
{
    const char *text = key_text(table, map, key);
    gint64 value = 0;

    if (text)
        value_points(text, &value);
    return value;
}

guint64 key_size(const KeyTable *table, const Node *map, const char *key)
{
    const char *text = key_text(table, map, key);
    guint64 value = 0;

    if (text)
        value_size(text, &value);
    return value;
}

gint64 key_duration(const KeyTable *table, const Node *map, const char *key)
{
    const char *text = key_text(table, map, key);
    gint64 value = 0;

    if (text)
        duration_parse(text, &value, NULL);
    return value;
}

char **key_texts(const Node *map, const char *key)
{
    const Node *value = node_get(map, key);
    g_autoptr(GPtrArray) out = g_ptr_array_new();

    if (node_text(value))
        g_ptr_array_add(out, g_strdup(node_text(value)));
    if (value && value->nd_kind == NODE_LIST)
        for (guint i = 0; i < node_len(value); i++)
            if (node_text(node_at(value, i)))
                g_ptr_array_add(out, g_strdup(node_text(node_at(value, i))));
    g_ptr_array_add(out, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&out), FALSE);
}
