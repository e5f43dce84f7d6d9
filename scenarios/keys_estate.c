/* Words of what there is: networks, images, estates, hosts, routers. */
#include "scenarios/keys_spec.h"

/* clang-format off */
static const char *const word_owner[] = {"white", "green", NULL};
static const char *const word_agent[] = {"auto", "initramfs", "seed", "guest-agent", "image",
    "none", NULL};
static const char *const word_forward[] = {"accept", "drop", NULL};
static const char *const word_action[] = {"accept", "drop", "reject", NULL};
static const char *const word_any_proto[] = {"tcp", "udp", "icmp", "any", NULL};

static const KeySpec network_keys[] = {
    {.ks_key = "cidr", .ks_type = KEY_CIDR, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "Its IPv4 addresses, /8 to /30.",
     .ks_example = "10.10.1.0/24"},
    {.ks_key = "link", .ks_type = KEY_MAP, .ks_sub = &keys_link,
     .ks_doc = "Its quality, for every host on it.",
     .ks_example = "{delay: 20ms, loss: 2%, rate: 10mbit}"},
    {.ks_key = "mirror", .ks_type = KEY_TEXT,
     .ks_doc = "The host that sees a copy of all frames: HOST in an estate, TEAM/HOST on "
               "a shared network.",
     .ks_example = "sensor"},
    END,
};
const KeyTable keys_network = {"a network", "A wire between hosts; nothing else is on it.",
    network_keys};

static const KeySpec link_keys[] = {
    {.ks_key = "delay", .ks_type = KEY_DURATION,
     .ks_doc = "Every frame comes later by that much.",
     .ks_example = "20ms"},
    {.ks_key = "jitter", .ks_type = KEY_DURATION,
     .ks_doc = "The delay changes by up to that much.",
     .ks_example = "5ms"},
    {.ks_key = "loss", .ks_type = KEY_PERCENT,
     .ks_doc = "So many frames are lost.",
     .ks_example = "2%"},
    {.ks_key = "rate", .ks_type = KEY_RATE,
     .ks_doc = "Bits a second, each way.",
     .ks_example = "10mbit"},
    END,
};
const KeyTable keys_link = {"a link's quality", "How good a network is.", link_keys};

static const KeySpec pool_keys[] = {
    {.ks_key = "network", .ks_type = KEY_NAME, .ks_flags = KEY_REQUIRED, .ks_since = V2,
     .ks_doc = "The shared network whose addresses these are.",
     .ks_example = "internet"},
    {.ks_key = "range", .ks_type = KEY_RANGE, .ks_flags = KEY_REQUIRED, .ks_since = V2,
     .ks_doc = "First and last; no other host gets one of them.",
     .ks_example = "203.0.113.128-203.0.113.191"},
    {.ks_key = "change", .ks_type = KEY_DURATION,
     .ks_doc = "So often each host of the pool gets another address.",
     .ks_example = "10m"},
    END,
};
const KeyTable keys_pool = {"a pool",
    "Addresses drawn at random, so that blocking one wins little.", pool_keys};

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
    {.ks_key = "content", .ks_type = KEY_TEXT, .ks_since = V1,
     .ks_flags = KEY_CHOICE | KEY_REFS, .ks_doc = "What is in it.",
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
    {.ks_key = "dns", .ks_type = KEY_MAP, .ks_sub = &keys_zone, .ks_since = V2,
     .ks_doc = "A zone served inside.",
     .ks_example = "{server: ns, domain: health.test}"},
    {.ks_key = "weaknesses", .ks_type = KEY_NAMED, .ks_item = KEY_MAP,
     .ks_sub = &keys_weakness, .ks_since = V2,
     .ks_doc = "What was left open on purpose.",
     .ks_example = "{weak-staff: {host: web, technique: T1110.001}}"},
    {.ks_key = "flags", .ks_type = KEY_NAMED, .ks_item = KEY_MAP, .ks_sub = &keys_flag,
     .ks_since = V2, .ks_doc = "Secrets planted in files: who shows one was there.",
     .ks_example = "{records: {host: files, path: /srv/flag}}"},
    {.ks_key = "credentials", .ks_type = KEY_NAMED, .ks_item = KEY_MAP,
     .ks_sub = &keys_credential, .ks_since = V2,
     .ks_doc = "Accounts whose passwords are secrets.",
     .ks_example = "{webmaster: {host: web, account: webmaster, secret: admin}}"},
    {.ks_key = "resets", .ks_type = KEY_MAP, .ks_sub = &keys_resets, .ks_since = V3,
     .ks_doc = "How often a team may have hosts of it put back, all together.",
     .ks_example = "{limit: 6, per: 24h}"},
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
    {.ks_key = "hugepages", .ks_type = KEY_BOOL, .ks_default = "false", .ks_since = V3,
     .ks_doc = "Its memory in huge pages that this machine has reserved "
               "(vm.nr_hugepages): faster, and shared with no clone.",
     .ks_example = "true"},
    {.ks_key = "disk", .ks_type = KEY_SIZE, .ks_since = V1,
     .ks_doc = "Size of its disk; none for micro, 2G for Debian, the image's by default.",
     .ks_example = "4G"},
    {.ks_key = "cpus", .ks_type = KEY_INT, .ks_min = 1, .ks_max = 64, .ks_default = "1",
     .ks_since = V1, .ks_doc = "Virtual processors.",
     .ks_example = "2"},
    {.ks_key = "nics", .ks_type = KEY_NAMED, .ks_item = KEY_NIC, .ks_since = V1,
     .ks_doc = "By network: the host part of its address, a whole address, auto, or a pool; "
               "where `count` makes several, the address is the first one's.",
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
    {.ks_key = "run", .ks_type = KEY_ONE_OR_LIST, .ks_item = KEY_TEXT, .ks_since = V1,
     .ks_flags = KEY_REFS, .ks_doc = "Scripts run once as root, in order, before the drill.",
     .ks_example = "rm -f /etc/nginx/sites-enabled/default"},
    {.ks_key = "router", .ks_type = KEY_MAP, .ks_sub = &keys_router, .ks_since = V1,
     .ks_doc = "Makes it forward between its networks.",
     .ks_example = "{publish: {web: [80, 443]}}"},
    {.ks_key = "routes", .ks_type = KEY_LIST, .ks_item = KEY_MAP, .ks_sub = &keys_route,
     .ks_since = V1, .ks_doc = "Routes besides those that follow from the routers.",
     .ks_example = "[{to: 10.20.0.0/16, via: 10.10.1.254}]"},
    {.ks_key = "agent", .ks_type = KEY_ENUM, .ks_words = word_agent, .ks_default = "auto",
     .ks_since = V1, .ks_doc = "How the agent gets in: brought by the initramfs, installed by a cloud-init "
               "seed, put there by the guest's qemu-guest-agent, part of the image, or not "
               "at all; auto is initramfs, and seed for a qcow2 of one's own.",
     .ks_example = "none"},
    {.ks_key = "required", .ks_type = KEY_BOOL, .ks_default = "true", .ks_since = V1,
     .ks_doc = "Whether the drill waits for it before `ready`.",
     .ks_example = "false"},
    {.ks_key = "retry", .ks_type = KEY_MAP, .ks_sub = &keys_retry_host, .ks_since = V3,
     .ks_doc = "Makes it again where it does not boot, or cannot be set up.",
     .ks_example = "{times: 2, wait: 10s}"},
    {.ks_key = "after", .ks_type = KEY_ONE_OR_LIST, .ks_item = KEY_NAME, .ks_since = V2,
     .ks_doc = "Hosts of its estate that must be ready before it is switched on.",
     .ks_example = "[database]"},
    {.ks_key = "count", .ks_type = KEY_INT, .ks_min = 1, .ks_max = 200, .ks_default = "1",
     .ks_since = V2, .ks_doc = "So many like hosts, named NAME-1, NAME-2 and so on.",
     .ks_example = "3"},
    {.ks_key = "labels", .ks_type = KEY_LIST, .ks_item = KEY_NAME, .ks_since = V2,
     .ks_doc = "Words about it, for the plan and for tools.",
     .ks_example = "[web, linux]"},
    {.ks_key = "title", .ks_type = KEY_LANGTEXT, .ks_since = V2,
     .ks_doc = "What people read; the name where it is absent.",
     .ks_example = "{en: Web server, zh-Hant: 網站伺服器}"},
    {.ks_key = "reset", .ks_type = KEY_MAP, .ks_sub = &keys_reset, .ks_since = V3,
     .ks_doc = "On what terms its team may ask to have it put back as it was when ready.",
     .ks_example = "{cost: 50, limit: 3, approval: false}"},
    {.ks_key = "watch", .ks_type = KEY_MAP, .ks_sub = &keys_watch, .ks_since = V3,
     .ks_doc = "What its agent tells of what is done there. Hosts of red and blue, and those "
               "that injects attack, are watched without it; others are where it stands.",
     .ks_example = "{paths: [/srv/records], mask: [--pin], rate: 500}"},
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
    {.ks_key = "forward", .ks_type = KEY_ENUM, .ks_words = word_forward,
     .ks_default = "accept", .ks_since = V2,
     .ks_doc = "What becomes of what no rule names. From a shared network nothing gets in "
               "but answers and what is published, whatever stands here.",
     .ks_example = "drop"},
    {.ks_key = "firewall", .ks_type = KEY_NAMED, .ks_item = KEY_MAP, .ks_sub = &keys_rule,
     .ks_since = V2,
     .ks_doc = "Rules for what is forwarded, in the order written; the first that fits wins, "
               "answers always pass.",
     .ks_example = "{web-only: {to: web, proto: tcp, ports: [80, 443], action: accept}}"},
    END,
};
const KeyTable keys_router = {"a router", "What makes a host a router.", router_keys};

static const KeySpec rule_keys[] = {
    {.ks_key = "from", .ks_type = KEY_NAME, .ks_default = "any", .ks_since = V2,
     .ks_doc = "A network, a host of this estate, or any.",
     .ks_example = "office"},
    {.ks_key = "to", .ks_type = KEY_NAME, .ks_default = "any", .ks_since = V2,
     .ks_doc = "A network, a host of this estate, or any.",
     .ks_example = "web"},
    {.ks_key = "proto", .ks_type = KEY_ENUM, .ks_words = word_any_proto,
     .ks_default = "any", .ks_since = V2, .ks_doc = "Protocol.",
     .ks_example = "tcp"},
    {.ks_key = "ports", .ks_type = KEY_ONE_OR_LIST, .ks_item = KEY_PORTRANGE,
     .ks_since = V2,
     .ks_doc = "Ports of the host inside, of tcp or udp; all by default.",
     .ks_example = "[80, \"8000-8100\"]"},
    {.ks_key = "action", .ks_type = KEY_ENUM, .ks_words = word_action,
     .ks_flags = KEY_REQUIRED, .ks_since = V2, .ks_doc = "What becomes of it.",
     .ks_example = "accept"},
    {.ks_key = "log", .ks_type = KEY_BOOL, .ks_default = "false", .ks_since = V2,
     .ks_doc = "Whether the router's kernel log tells of it, after the rule's name.",
     .ks_example = "true"},
    END,
};
const KeyTable keys_rule = {"a firewall rule", "A rule of a router.", rule_keys};

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
    {.ks_key = "password", .ks_type = KEY_TEXT, .ks_flags = KEY_REFS, .ks_since = V1,
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

static const KeySpec watch_keys[] = {
    {.ks_key = "paths", .ks_type = KEY_ONE_OR_LIST, .ks_item = KEY_PATH, .ks_since = V3,
     .ks_doc = "Directories, with all below them, and files, besides /etc and where the "
               "scenario's files and checks of files are; 64 altogether.",
     .ks_example = "[/srv/records, /opt/app/conf]"},
    {.ks_key = "mask", .ks_type = KEY_ONE_OR_LIST, .ks_item = KEY_TEXT, .ks_since = V3,
     .ks_doc = "Options of commands whose argument is a secret, besides --password and its "
               "like and those named as the scenario's secrets; 32 altogether.",
     .ks_example = "[--pin, -k]"},
    {.ks_key = "rate", .ks_type = KEY_INT, .ks_min = 0, .ks_max = 5000,
     .ks_default = "2000", .ks_since = V3,
     .ks_doc = "Observations a second at most, what is past it is counted; 0: it is not "
               "watched.",
     .ks_example = "500"},
    END,
};
const KeyTable keys_watch = {"what is watched", "What an agent observes.", watch_keys};
/* clang-format on */
