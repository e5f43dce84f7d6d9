/* Words of what there is: networks, images, estates, hosts, targets. */
#include "scenarios/keys_spec.h"

/* clang-format off */
static const char *const word_owner[] = {"white", "green", NULL};
static const char *const word_agent[] = {"auto", "seed", "none", NULL};
static const char *const word_kind[] = {"attack-path", "network-boundary", "target-system",
    "important-data", "other-system", NULL};

static const KeySpec network_keys[] = {
    {.ks_key = "cidr", .ks_type = KEY_CIDR, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "Its IPv4 addresses, /8 to /30.",
     .ks_example = "10.10.1.0/24"},
    NOT_BUILT("link", "Delay, loss and rate."),
    NOT_BUILT("mirror", "The host that sees a copy of all frames."),
    END,
};
const KeyTable keys_network = {"a network", "A wire between hosts; nothing else is on it.",
    network_keys};

static const KeySpec image_keys[] = {
    {.ks_key = "base", .ks_type = KEY_TEXT, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "micro, debian/SUITE, or the path of a qcow2, from the scenario's directory.",
     .ks_example = "debian/bookworm"},
    {.ks_key = "packages", .ks_type = KEY_LIST, .ks_item = KEY_PACKAGE, .ks_since = V1,
     .ks_doc = "Debian packages, installed when the image is built.",
     .ks_example = "[nginx-light, openssh-server]"},
    {.ks_key = "files", .ks_type = KEY_LIST, .ks_item = KEY_MAP, .ks_sub = &keys_file,
     .ks_since = V1, .ks_doc = "Files baked in.",
     .ks_example = "[{path: /etc/motd, content: Staff only}]"},
    END,
};
const KeyTable keys_image = {"an image", "What hosts boot from.", image_keys};

static const KeySpec file_keys[] = {
    {.ks_key = "path", .ks_type = KEY_PATH, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "Where it stands in the guest.",
     .ks_example = "/var/www/html/index.html"},
    {.ks_key = "content", .ks_type = KEY_TEXT, .ks_flags = KEY_CHOICE | KEY_REFS, .ks_since = V1,
     .ks_doc = "What is in it.",
     .ks_example = "Welcome to the department"},
    {.ks_key = "source", .ks_type = KEY_TEXT, .ks_flags = KEY_CHOICE, .ks_since = V1,
     .ks_doc = "A file below the scenario's directory, taken byte for byte (1 MiB at most).",
     .ks_example = "files/index.html"},
    {.ks_key = "mode", .ks_type = KEY_MODE, .ks_default = "0644", .ks_since = V1,
     .ks_doc = "Octal mode.",
     .ks_example = "0640"},
    {.ks_key = "owner", .ks_type = KEY_ACCOUNT, .ks_default = "root", .ks_since = V1,
     .ks_doc = "Its owner.",
     .ks_example = "webmaster"},
    {.ks_key = "group", .ks_type = KEY_ACCOUNT, .ks_default = "root", .ks_since = V1,
     .ks_doc = "Its group.",
     .ks_example = "www-data"},
    END,
};
const KeyTable keys_file = {"a file", "A file planted in a guest.", file_keys};

static const KeySpec estate_keys[] = {
    {.ks_key = "networks", .ks_type = KEY_NAMED, .ks_item = KEY_MAP, .ks_sub = &keys_network,
     .ks_since = V1, .ks_doc = "Networks inside: each team's copy has the same addresses.",
     .ks_example = "{dmz: {cidr: 10.10.1.0/24}}"},
    {.ks_key = "hosts", .ks_type = KEY_NAMED, .ks_item = KEY_MAP, .ks_sub = &keys_host,
     .ks_since = V1, .ks_doc = "Its virtual machines.",
     .ks_example = "{web: {image: server, nics: {dmz: 10}}}"},
    {.ks_key = "targets", .ks_type = KEY_NAMED, .ks_item = KEY_MAP, .ks_sub = &keys_target,
     .ks_since = V1, .ks_doc = "What is worth attacking.",
     .ks_example = "{portal: {host: web}}"},
    {.ks_key = "checks", .ks_type = KEY_NAMED, .ks_item = KEY_MAP, .ks_sub = &keys_check,
     .ks_since = V1, .ks_doc = "What must work.",
     .ks_example = "{web-up: {host: web, from: referee, every: 60s, http: {path: /}}}"},
    NOT_BUILT("weaknesses", "Planted weaknesses by host and technique."),
    NOT_BUILT("flags", "Planted flags that prove a breach."),
    END,
};
const KeyTable keys_estate = {"an estate", "What a team owns.", estate_keys};

static const KeySpec host_keys[] = {
    {.ks_key = "image", .ks_type = KEY_NAME, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "micro, or a name below `images`.",
     .ks_example = "server"},
    {.ks_key = "owner", .ks_type = KEY_ENUM, .ks_words = word_owner, .ks_since = V1,
     .ks_doc = "Who has root, where it is not the team: a referee is white's.",
     .ks_example = "white"},
    {.ks_key = "memory", .ks_type = KEY_SIZE, .ks_since = V1,
     .ks_doc = "Memory: 128M for micro, 384M for Debian, 1G for an own image by default.",
     .ks_example = "384M"},
    {.ks_key = "disk", .ks_type = KEY_SIZE, .ks_since = V1,
     .ks_doc = "Size of its disk; none for micro, 2G for Debian, the image's by default.",
     .ks_example = "4G"},
    {.ks_key = "cpus", .ks_type = KEY_INT, .ks_min = 1, .ks_max = 64, .ks_default = "1",
     .ks_since = V1, .ks_doc = "Virtual processors.",
     .ks_example = "2"},
    {.ks_key = "nics", .ks_type = KEY_NAMED, .ks_item = KEY_NIC, .ks_since = V1,
     .ks_doc = "By network: the host part of its address, a whole address, or auto.",
     .ks_example = "{internet: auto, dmz: 10}"},
    {.ks_key = "dns", .ks_type = KEY_ONE_OR_LIST, .ks_item = KEY_DNSNAME, .ks_since = V1,
     .ks_doc = "Further names in the hosts file of those who may see it.",
     .ks_example = "[www, intranet]"},
    {.ks_key = "files", .ks_type = KEY_LIST, .ks_item = KEY_MAP, .ks_sub = &keys_file,
     .ks_since = V1, .ks_doc = "Files planted before the drill.",
     .ks_example = "[{path: /etc/motd, content: Staff only}]"},
    {.ks_key = "users", .ks_type = KEY_NAMED, .ks_item = KEY_MAP, .ks_name = KEY_ACCOUNT,
     .ks_sub = &keys_user, .ks_since = V1, .ks_doc = "Accounts made before the drill.",
     .ks_example = "{nurse: {password: spring-2026}}"},
    {.ks_key = "services", .ks_type = KEY_LIST, .ks_item = KEY_ACCOUNT, .ks_since = V1,
     .ks_doc = "Services started before the drill.",
     .ks_example = "[nginx, ssh]"},
    {.ks_key = "run", .ks_type = KEY_ONE_OR_LIST, .ks_item = KEY_TEXT,
     .ks_flags = KEY_REFS, .ks_since = V1,
     .ks_doc = "Scripts run once as root, in order, before the drill.",
     .ks_example = "rm -f /etc/nginx/sites-enabled/default"},
    {.ks_key = "router", .ks_type = KEY_MAP, .ks_sub = &keys_router, .ks_since = V1,
     .ks_doc = "Makes it forward between its networks.",
     .ks_example = "{publish: {web: [80, 443]}}"},
    {.ks_key = "routes", .ks_type = KEY_LIST, .ks_item = KEY_MAP, .ks_sub = &keys_route,
     .ks_since = V1, .ks_doc = "Routes besides those that follow from the routers.",
     .ks_example = "[{to: 10.20.0.0/16, via: 10.10.1.254}]"},
    {.ks_key = "agent", .ks_type = KEY_ENUM, .ks_words = word_agent, .ks_default = "auto",
     .ks_since = V1, .ks_doc = "How the agent gets in: by itself, by cloud-init seed, or not.",
     .ks_example = "none"},
    {.ks_key = "required", .ks_type = KEY_BOOL, .ks_default = "true", .ks_since = V1,
     .ks_doc = "Whether the drill waits for it before `ready`.",
     .ks_example = "false"},
    NOT_BUILT("after", "Hosts that must be up before it."),
    NOT_BUILT("count", "So many like hosts."),
    NOT_BUILT("labels", "Words by which injects choose hosts."),
    END,
};
const KeyTable keys_host = {"a host", "A virtual machine.", host_keys};

static const KeySpec router_keys[] = {
    {.ks_key = "publish", .ks_type = KEY_NAMED, .ks_item = KEY_PORTS, .ks_since = V1,
     .ks_doc = "By host inside: ports that the router's shared addresses pass on to it.",
     .ks_example = "{web: [80, 443], files: \"8080:80\"}"},
    {.ks_key = "masquerade", .ks_type = KEY_ONE_OR_LIST, .ks_item = KEY_NAME, .ks_since = V1,
     .ks_doc = "Networks on which the router's own address hides those behind it; all "
               "shared ones by default.",
     .ks_example = "[internet]"},
    NOT_BUILT("firewall", "Rules by name."),
    END,
};
const KeyTable keys_router = {"a router", "What makes a host a router.", router_keys};

static const KeySpec route_keys[] = {
    {.ks_key = "to", .ks_type = KEY_CIDR, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "Where to; 0.0.0.0/0 is the default.",
     .ks_example = "10.20.0.0/16"},
    {.ks_key = "via", .ks_type = KEY_ADDRESS, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "The next hop, on one of its networks.",
     .ks_example = "10.10.1.254"},
    END,
};
const KeyTable keys_route = {"a route", "A route of a host.", route_keys};

static const KeySpec user_keys[] = {
    {.ks_key = "password", .ks_type = KEY_TEXT,
     .ks_flags = KEY_REFS, .ks_since = V1,
     .ks_doc = "Planted, in plain text, worthless outside the drill; without it none works.",
     .ks_example = "spring-2026"},
    {.ks_key = "uid", .ks_type = KEY_INT, .ks_min = 1, .ks_max = 60000, .ks_since = V1,
     .ks_doc = "From 1001 on, in the order written, by default.",
     .ks_example = "1500"},
    {.ks_key = "shell", .ks_type = KEY_PATH, .ks_default = "/bin/sh", .ks_since = V1,
     .ks_doc = "Login shell.",
     .ks_example = "/bin/bash"},
    {.ks_key = "groups", .ks_type = KEY_LIST, .ks_item = KEY_ACCOUNT, .ks_since = V1,
     .ks_doc = "Further groups.",
     .ks_example = "[adm, www-data]"},
    END,
};
const KeyTable keys_user = {"a user", "An account in a guest.", user_keys};

static const KeySpec target_keys[] = {
    {.ks_key = "host", .ks_type = KEY_NAME, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "Where it lives.",
     .ks_example = "files"},
    {.ks_key = "kind", .ks_type = KEY_ENUM, .ks_words = word_kind,
     .ks_default = "target-system", .ks_since = V1, .ks_doc = "What a breach of it is worth.",
     .ks_example = "important-data"},
    {.ks_key = "criticality", .ks_type = KEY_PERCENT, .ks_default = "100%", .ks_since = V1,
     .ks_doc = "Scales that worth.",
     .ks_example = "80%"},
    END,
};
const KeyTable keys_target = {"a target", "What is worth attacking.", target_keys};
/* clang-format on */
