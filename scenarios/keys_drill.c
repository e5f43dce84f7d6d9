/* Words of the drill: times, scope, teams, scoring, rehearsal. */
#include "scenarios/keys_spec.h"

/* clang-format off */
static const char *const word_end[] = {"end", NULL};
static const char *const word_red[] = {"free", "locked", NULL};
static const char *const word_side[] = {"red", "blue", "white", "green", "observer", NULL};
static const char *const word_profile[] = {"hk-drill", "!ad", "!ccdc", NULL};
static const char *const word_all[] = {"all", "none", NULL};

static const KeySpec drill_keys[] = {
    {.ks_key = "name", .ks_type = KEY_NAME, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "Names the drill everywhere: directory, domains, journal.",
     .ks_example = "first-drill"},
    {.ks_key = "title", .ks_type = KEY_LANGTEXT, .ks_since = V1,
     .ks_doc = "What people read; the name where it is absent.",
     .ks_example = "{en: First real-life drill, zh-Hant: 首次實戰演練}"},
    {.ks_key = "start", .ks_type = KEY_DATETIME, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "Nominal start, in the drill's timezone.",
     .ks_example = "2026-11-13T09:00"},
    {.ks_key = "timezone", .ks_type = KEY_TEXT, .ks_default = "UTC", .ks_since = V1,
     .ks_doc = "Name in the tz database, such as Asia/Hong_Kong.",
     .ks_example = "Asia/Hong_Kong"},
    {.ks_key = "duration", .ks_type = KEY_DURATION, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "From start to end, on the drill's clock.",
     .ks_example = "60h"},
    {.ks_key = "seed", .ks_type = KEY_INT, .ks_min = 0, .ks_max = G_MAXINT32,
     .ks_default = "0", .ks_since = V1, .ks_doc = "Draws other jitter from the same file.",
     .ks_example = "7"},
    END,
};
const KeyTable keys_drill = {"drill", "Name, title, start and length.", drill_keys};

static const KeySpec scope_keys[] = {
    {.ks_key = "authorised-by", .ks_type = KEY_TEXT, .ks_since = V1,
     .ks_doc = "Who allowed the drill; stands in the report.",
     .ks_example = "Drill control"},
    {.ks_key = "safety-officer", .ks_type = KEY_TEXT, .ks_since = V1,
     .ks_doc = "Whom to call when something goes wrong.",
     .ks_example = "\"+852 5555 0100\""},
    {.ks_key = "max-risk", .ks_type = KEY_ENUM, .ks_words = words_risk,
     .ks_default = "changes-state", .ks_since = V1,
     .ks_doc = "The highest risk that an inject may have.",
     .ks_example = "stops-service"},
    {.ks_key = "allow", .ks_type = KEY_LIST, .ks_item = KEY_TECHNIQUE, .ks_since = V1,
     .ks_doc = "ATT&CK techniques that injects may use; T1110 covers T1110.001 too.",
     .ks_example = "[T1491, T1110, T1070.004]"},
    NOT_BUILT("rules", "Rules for people."),
    NOT_BUILT("window", "Times of day at which attacks may run."),
    END,
};
const KeyTable keys_scope = {"scope", "Who allowed it, and what is allowed.", scope_keys};

static const KeySpec phase_keys[] = {
    {.ks_key = "until", .ks_type = KEY_MOMENT, .ks_words = word_end, .ks_flags = KEY_CHOICE,
     .ks_since = V1, .ks_doc = "When it ends; \"end\" is the drill's end.",
     .ks_example = "2h"},
    {.ks_key = "lasts", .ks_type = KEY_DURATION, .ks_flags = KEY_CHOICE, .ks_since = V1,
     .ks_doc = "How long it lasts, from the end of the one before.",
     .ks_example = "12h"},
    {.ks_key = "score", .ks_type = KEY_BOOL, .ks_default = "true", .ks_since = V1,
     .ks_doc = "Whether checks and injects count; never after the drill's end.",
     .ks_example = "false"},
    {.ks_key = "red", .ks_type = KEY_ENUM, .ks_words = word_red, .ks_default = "free",
     .ks_since = V1, .ks_doc = "Whether red may act.",
     .ks_example = "locked"},
    END,
};
const KeyTable keys_phase = {"a phase", "A part of the drill.", phase_keys};

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
    NOT_BUILT("labels", "Words by which injects choose teams."),
    NOT_BUILT("assign", "Which blue teams a red team attacks."),
    NOT_BUILT("shifts", "Who is there when."),
    END,
};
const KeyTable keys_team = {"a team", "Who takes part.", team_keys};

static const KeySpec member_keys[] = {
    {.ks_key = "key", .ks_type = KEY_TEXT, .ks_default = "generate", .ks_since = V1,
     .ks_doc = "OpenSSH public key, or \"generate\": a pair is made at `up`.",
     .ks_example = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA… wong"},
    END,
};
const KeyTable keys_member = {"a member", "A person of a team, by pseudonym.", member_keys};

static const KeySpec scoring_keys[] = {
    {.ks_key = "profile", .ks_type = KEY_ENUM, .ks_words = word_profile,
     .ks_default = "hk-drill", .ks_since = V1, .ks_doc = "The rules.",
     .ks_example = "hk-drill"},
    {.ks_key = "weights", .ks_type = KEY_MAP, .ks_sub = &keys_weights, .ks_since = V1,
     .ks_doc = "Shares of a blue team's score.",
     .ks_example = "{protection: 40%, availability: 40%, injects: 20%}"},
    {.ks_key = "cap", .ks_type = KEY_INT, .ks_min = 1, .ks_max = 1000000,
     .ks_default = "37000", .ks_since = V1,
     .ks_doc = "What one red team may take from one blue team.",
     .ks_example = "37000"},
    {.ks_key = "bonus-max", .ks_type = KEY_INT, .ks_min = 1, .ks_max = 1000000,
     .ks_default = "3000", .ks_since = V1, .ks_doc = "Most bonus points of a team.",
     .ks_example = "3000"},
    END,
};
const KeyTable keys_scoring = {"scoring", "Profile and weights.", scoring_keys};

static const KeySpec weights_keys[] = {
    {.ks_key = "protection", .ks_type = KEY_PERCENT, .ks_default = "50%", .ks_since = V1,
     .ks_doc = "Breaches and reports.",
     .ks_example = "50%"},
    {.ks_key = "availability", .ks_type = KEY_PERCENT, .ks_default = "30%", .ks_since = V1,
     .ks_doc = "Checks.",
     .ks_example = "30%"},
    {.ks_key = "injects", .ks_type = KEY_PERCENT, .ks_default = "20%", .ks_since = V1,
     .ks_doc = "Expectations.",
     .ks_example = "20%"},
    END,
};
const KeyTable keys_weights = {"weights", "Shares of the score; 100% together.",
    weights_keys};

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
    END,
};
const KeyTable keys_script = {"a rehearsal script", "What a scripted team does.",
    script_keys};

static const KeySpec action_keys[] = {
    {.ks_key = "at", .ks_type = KEY_MOMENT, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "When.",
     .ks_example = "3h"},
    {.ks_key = "host", .ks_type = KEY_NAME, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "On which of its hosts.",
     .ks_example = "web"},
    {.ks_key = "title", .ks_type = KEY_TEXT, .ks_since = V1, .ks_doc = "What it is for.",
     .ks_example = "Look at the log"},
    {.ks_key = "run", .ks_type = KEY_TEXT, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "A script for sh, run as root.",
     .ks_example = "tail /var/log/nginx/access.log"},
    END,
};
const KeyTable keys_action = {"an action", "What a scripted team does at a time.",
    action_keys};
/* clang-format on */
