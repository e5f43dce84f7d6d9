/* Words of people: teams, members, brackets, channels, scripted players. */
#include "scenarios/keys_people.h"
#include "scenarios/keys_spec.h"

/* clang-format off */
static const char *const word_side[] = {"red", "blue", "white", "green", "observer", NULL};
static const char *const word_all[] = {"all", "none", NULL};
/* The gateway knows players and observers; who has a role of white's works on the
 * organiser's socket, which knows no members. */
const char *const words_role[] = {"player", "lead", "observer", "!director", "!controller",
    "!judge", "!range-op", "!safety", "!evaluator", "!cert", NULL};

static const KeySpec team_keys[] = {
    {.ks_key = "side", .ks_type = KEY_ENUM, .ks_words = word_side, .ks_flags = KEY_REQUIRED,
     .ks_since = V1, .ks_doc = "Which side it plays on.",
     .ks_example = "blue"},
    {.ks_key = "title", .ks_type = KEY_LANGTEXT, .ks_since = V1,
     .ks_doc = "What people read; the name where it is absent.",
     .ks_example = "{en: Department of Health, zh-Hant: 衞生署}"},
    {.ks_key = "count", .ks_type = KEY_INT, .ks_min = 1, .ks_max = 64, .ks_default = "1",
     .ks_since = V1, .ks_doc = "So many like teams, named NAME-1, NAME-2 and so on.",
     .ks_example = "12"},
    {.ks_key = "estate", .ks_type = KEY_NAME, .ks_since = V1,
     .ks_doc = "The estate it gets a copy of.",
     .ks_example = "clinic"},
    {.ks_key = "members", .ks_type = KEY_NAMED, .ks_item = KEY_MAP, .ks_sub = &keys_member,
     .ks_since = V1, .ks_doc = "Its people; without any, one named as the team.",
     .ks_example = "{wong: {key: generate}, chan: {}}"},
    {.ks_key = "labels", .ks_type = KEY_LIST, .ks_item = KEY_NAME, .ks_since = V2,
     .ks_doc = "Words that choose it wherever teams are chosen.",
     .ks_example = "[hospitals, first-timers]"},
    {.ks_key = "bracket", .ks_type = KEY_NAME, .ks_since = V2,
     .ks_doc = "The bracket within which it is ranked.", .ks_example = "open"},
    {.ks_key = "assign", .ks_type = KEY_ONE_OR_LIST, .ks_item = KEY_NAME, .ks_since = V2,
     .ks_doc = "Of red: the blue teams, sides or labels that it attacks.",
     .ks_example = "[hospitals]"},
    {.ks_key = "shifts", .ks_type = KEY_NAMED, .ks_item = KEY_MAP, .ks_sub = &keys_shift,
     .ks_since = V2, .ks_doc = "Who is there when; stands in the plan.",
     .ks_example = "{day: {hours: \"08:00-20:00\", members: [wong]}}"},
    {.ks_key = "contact", .ks_type = KEY_TEXT, .ks_since = V2,
     .ks_doc = "How white reaches it; stands in the plan, for white only.",
     .ks_example = "\"+852 5555 0123\""},
    {.ks_key = "cert", .ks_type = KEY_BOOL, .ks_default = "false",
     .ks_doc = "Whether it is the CERT that others share with.", .ks_example = "true"},
    END,
};
const KeyTable keys_team = {"a team", "Who takes part.", team_keys};

static const KeySpec member_keys[] = {
    {.ks_key = "key", .ks_type = KEY_TEXT, .ks_default = "generate", .ks_since = V1,
     .ks_doc = "OpenSSH public key, or \"generate\": a pair is made at `up`.",
     .ks_example = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA… wong"},
    {.ks_key = "role", .ks_type = KEY_ENUM, .ks_words = words_role, .ks_since = V2,
     .ks_doc = "What they are in the drill; red, blue and green play by default. An observer "
               "sees at the gateway what the room sees.",
     .ks_example = "lead"},
    {.ks_key = "title", .ks_type = KEY_LANGTEXT, .ks_since = V2,
     .ks_doc = "Their function; stands in the plan.",
     .ks_example = "{en: Duty manager, zh-Hant: 值班經理}"},
    {.ks_key = "conflicts", .ks_type = KEY_ONE_OR_LIST, .ks_item = KEY_NAME,
     .ks_since = V2, .ks_doc = "Of those who judge: teams, sides or labels that they have a "
                               "stake in.",
     .ks_example = "[health]"},
    END,
};
const KeyTable keys_member = {"a member", "A person of a team, by pseudonym.", member_keys};

static const KeySpec shift_keys[] = {
    {.ks_key = "hours", .ks_type = KEY_SHORT, .ks_item = KEY_HOURS, .ks_sub = &keys_hours,
     .ks_flags = KEY_REQUIRED, .ks_since = V2, .ks_doc = "When it is on.",
     .ks_example = "\"08:00-20:00\""},
    {.ks_key = "members", .ks_type = KEY_LIST, .ks_item = KEY_NAME, .ks_flags = KEY_REQUIRED,
     .ks_since = V2, .ks_doc = "Who is there.", .ks_example = "[wong, chan]"},
    END,
};
const KeyTable keys_shift = {"a shift", "Who of a team is there when.", shift_keys};

static const KeySpec bracket_keys[] = {
    {.ks_key = "title", .ks_type = KEY_LANGTEXT, .ks_since = V2,
     .ks_doc = "What people read; the name where it is absent.",
     .ks_example = "{en: Open class, zh-Hant: 公開組}"},
    END,
};
const KeyTable keys_bracket = {"a bracket", "Teams that are ranked with one another.",
    bracket_keys};

static const KeySpec channel_keys[] = {
    {.ks_key = "title", .ks_type = KEY_LANGTEXT,
     .ks_doc = "What people read; the name where it is absent.",
     .ks_example = "{en: Advisories, zh-Hant: 警報}"},
    {.ks_key = "moderator", .ks_type = KEY_NAME,
     .ks_doc = "The team that passes posts on; white by default.", .ks_example = "cert"},
    {.ks_key = "for", .ks_type = KEY_ONE_OR_LIST, .ks_item = KEY_NAME,
     .ks_doc = "Teams, sides or labels that read and post; all by default.",
     .ks_example = "[blue]"},
    {.ks_key = "tlp", .ks_type = KEY_ENUM, .ks_words = words_tlp, .ks_default = "green",
     .ks_doc = "The most closely held marking that may be posted.", .ks_example = "amber"},
    {.ks_key = "moderated", .ks_type = KEY_BOOL, .ks_default = "true",
     .ks_doc = "Whether a post waits for the moderator.", .ks_example = "false"},
    END,
};
const KeyTable keys_channel = {"a channel", "Where teams share what they know.",
    channel_keys};

static const KeySpec script_keys[] = {
    {.ks_key = "detect", .ks_type = KEY_SELECTION, .ks_words = word_all,
     .ks_default = "none", .ks_since = V1, .ks_doc = "Injects that it reports (or answers).",
     .ks_example = "[brief, recon]"},
    {.ks_key = "contain", .ks_type = KEY_SELECTION, .ks_words = word_all,
     .ks_default = "none", .ks_since = V1, .ks_doc = "Injects that it puts right.",
     .ks_example = "all"},
    {.ks_key = "delay", .ks_type = KEY_DURATION, .ks_default = "5m", .ks_since = V1,
     .ks_doc = "It reports so long after the attack, and contains after twice that.",
     .ks_example = "10m"},
    {.ks_key = "actions", .ks_type = KEY_LIST, .ks_item = KEY_MAP, .ks_sub = &keys_action,
     .ks_since = V1, .ks_doc = "What it does besides.",
     .ks_example = "[{at: 3h, host: web, run: nginx -s reload}]"},
    {.ks_key = "holds", .ks_type = KEY_LIST, .ks_item = KEY_MAP, .ks_sub = &keys_hold,
     .ks_since = V3, .ks_doc = "When white holds the team out of the drill.",
     .ks_example = "[{at: 2h, for: 30m, reason: Lost its power}]"},
    END,
};
const KeyTable keys_script = {"a rehearsal script", "What a scripted team does.",
    script_keys};

static const KeySpec hold_keys[] = {
    {.ks_key = "at", .ks_type = KEY_MOMENT, .ks_flags = KEY_REQUIRED, .ks_since = V3,
     .ks_doc = "From when.", .ks_example = "2h"},
    {.ks_key = "for", .ks_type = KEY_DURATION, .ks_flags = KEY_REQUIRED, .ks_since = V3,
     .ks_doc = "How long.", .ks_example = "30m"},
    {.ks_key = "reason", .ks_type = KEY_TEXT, .ks_flags = KEY_REQUIRED, .ks_since = V3,
     .ks_doc = "Why, for everybody.", .ks_example = "Lost its power"},
    END,
};
const KeyTable keys_hold = {"a rehearsed hold",
    "The team's VMs and clocks stand meanwhile; scripts do what white does by "
    "`parry team hold`.", hold_keys};

static const KeySpec action_keys[] = {
    {.ks_key = "at", .ks_type = KEY_MOMENT, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "When.",
     .ks_example = "3h"},
    {.ks_key = "host", .ks_type = KEY_NAME, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "On which of its hosts.",
     .ks_example = "web"},
    {.ks_key = "title", .ks_type = KEY_TEXT, .ks_since = V1, .ks_doc = "What it is for.",
     .ks_example = "Look at the log"},
    {.ks_key = "run", .ks_type = KEY_TEXT, .ks_flags = KEY_CHOICE, .ks_since = V1,
     .ks_doc = "A script for sh, run as root.",
     .ks_example = "tail /var/log/nginx/access.log"},
    {.ks_key = "reset", .ks_type = KEY_SHORT, .ks_item = KEY_TEXT, .ks_flags = KEY_CHOICE,
     .ks_sub = &keys_action_reset, .ks_since = V3,
     .ks_doc = "Asks for a reset of the host, for that reason.",
     .ks_example = "The page is beyond mending"},
    {.ks_key = "limits", .ks_type = KEY_MAP, .ks_sub = &keys_limits, .ks_since = V2,
     .ks_doc = "How much it may take of the guest.",
     .ks_example = "{memory: 64M, processes: 32}"},
    END,
};
const KeyTable keys_action = {"an action", "What a scripted team does at a time.",
    action_keys};
/* clang-format on */
