/* Words of the drill itself: times, rules, privacy, scope, phases, windows. */
#include "scenarios/keys_people.h"
#include "scenarios/keys_spec.h"

/* clang-format off */
static const char *const word_end[] = {"end", NULL};
static const char *const word_red[] = {"free", "locked", NULL};
static const char *const word_action[] = {"end", "pause", NULL};
static const char *const word_kind[] = {"attack", "familiarisation", "judging", "appeals",
    "break", NULL};
static const char *const word_rule[] = {"forbidden", "with-consent", "allowed", NULL};
static const char *const word_mode[] = {"quiet", "pause", NULL};

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
     .ks_default = "0", .ks_since = V1, .ks_doc = "Draws other jitter and secrets from the same file.",
     .ks_example = "7"},
    {.ks_key = "stop", .ks_type = KEY_LIST, .ks_item = KEY_MAP, .ks_sub = &keys_stop,
     .ks_since = V2, .ks_doc = "When the drill ends or pauses by itself.",
     .ks_example = "[{when: {check: web-up, state: down, lasts: 2h}, for: [blue], action: pause}]"},
    END,
};
const KeyTable keys_drill = {"drill", "Name, title, start and length.", drill_keys};

static const KeySpec stop_keys[] = {
    {.ks_key = "when", .ks_type = KEY_MAP, .ks_sub = &keys_condition,
     .ks_flags = KEY_REQUIRED, .ks_since = V2, .ks_doc = "The condition.",
     .ks_example = "{check: web-up, state: down, lasts: 2h}"},
    {.ks_key = "for", .ks_type = KEY_ONE_OR_LIST, .ks_item = KEY_NAME, .ks_default = "blue",
     .ks_since = V2, .ks_doc = "Teams, sides or labels; it must be true of all of them.",
     .ks_example = "[blue]"},
    {.ks_key = "action", .ks_type = KEY_ENUM, .ks_words = word_action, .ks_default = "pause",
     .ks_since = V2, .ks_doc = "What the drill does then.", .ks_example = "pause"},
    {.ks_key = "reason", .ks_type = KEY_LANGTEXT, .ks_since = V2, .ks_doc = "What people are told.",
     .ks_example = "No service is left to defend"},
    END,
};
const KeyTable keys_stop = {"a stop condition", "When the drill ends or pauses by itself.",
    stop_keys};

static const KeySpec checkpoints_keys[] = {
    {.ks_key = "ready", .ks_type = KEY_BOOL, .ks_default = "true", .ks_since = V3,
     .ks_doc = "Whether hosts that are no memory clones are saved once the drill is ready, so that a reset need not boot them.",
     .ks_example = "false"},
    {.ks_key = "every", .ks_type = KEY_DURATION, .ks_since = V3,
     .ks_doc = "All hosts are saved each time that so much has passed on the drill's clock, one after another; not in a rehearsal. Without it none is.",
     .ks_example = "2h"},
    {.ks_key = "keep", .ks_type = KEY_INT, .ks_min = 1, .ks_max = 1000, .ks_default = "3", .ks_since = V3,
     .ks_doc = "How many of these are kept; the oldest go.", .ks_example = "6"},
    {.ks_key = "limit", .ks_type = KEY_SIZE, .ks_default = "20G", .ks_since = V3,
     .ks_doc = "What all checkpoints may take up on the disk. The oldest of those by the clock make room; where that is not enough no more are made.",
     .ks_example = "40G"},
    END,
};
const KeyTable keys_checkpoints = {"checkpoints", "Hosts' memory and disks, kept while the drill runs.",
    checkpoints_keys};

static const KeySpec rules_keys[] = {
    {.ks_key = "text", .ks_type = KEY_LANGTEXT, .ks_flags = KEY_REQUIRED, .ks_since = V2,
     .ks_doc = "The rules, as players read them; stands in the plan and the report.",
     .ks_example = "{en: Harm nobody outside the drill., zh-Hant: 不得影響演練以外的系統。}"},
    {.ks_key = "accept", .ks_type = KEY_BOOL, .ks_default = "false",
     .ks_doc = "Whether a player must accept them before the gateway lets him in.",
     .ks_example = "true"},
    END,
};
const KeyTable keys_rules = {"rules", "What players keep to.", rules_keys};

static const KeySpec privacy_keys[] = {
    {.ks_key = "notice", .ks_type = KEY_LANGTEXT, .ks_flags = KEY_REQUIRED, .ks_since = V2,
     .ks_doc = "What people are told of what is recorded; stands in the report.",
     .ks_example = "Terminals are recorded for the debriefing."},
    {.ks_key = "contact", .ks_type = KEY_TEXT, .ks_since = V2,
     .ks_doc = "Whom to ask about it.", .ks_example = "privacy@drill.example"},
    {.ks_key = "retention", .ks_type = KEY_DURATION,
     .ks_doc = "Recordings and texts are erased so long after the drill's end.",
     .ks_example = "90d"},
    {.ks_key = "recordings", .ks_type = KEY_LIST, .ks_item = KEY_ENUM,
     .ks_words = words_role, .ks_doc = "Roles that may see recordings.",
     .ks_example = "[director, evaluator]"},
    {.ks_key = "input", .ks_type = KEY_BOOL, .ks_default = "false",
     .ks_doc = "Whether key strokes are recorded, not only what the terminal shows.",
     .ks_example = "false"},
    END,
};
const KeyTable keys_privacy = {"privacy", "What is recorded of people, and for how long.",
    privacy_keys};

static const KeySpec library_keys[] = {
    {.ks_key = "atomics", .ks_type = KEY_TEXT,
     .ks_doc = "Directory of Atomic Red Team's tests; relative to the scenario.",
     .ks_example = "atomic-red-team/atomics"},
    {.ks_key = "caldera", .ks_type = KEY_TEXT,
     .ks_doc = "Directory of Caldera's abilities; relative to the scenario.",
     .ks_example = "stockpile/data/abilities"},
    END,
};
const KeyTable keys_library = {"library", "Where attacks of others are read from.",
    library_keys};

static const KeySpec scope_keys[] = {
    {.ks_key = "authorised-by", .ks_type = KEY_TEXT, .ks_since = V1,
     .ks_doc = "Who allowed the drill; stands in the report.",
     .ks_example = "Drill control"},
    {.ks_key = "safety-officer", .ks_type = KEY_TEXT, .ks_since = V1,
     .ks_doc = "Whom to call when something goes wrong.",
     .ks_example = "Ms Lam"},
    {.ks_key = "safety-phone", .ks_type = KEY_TEXT, .ks_since = V2,
     .ks_doc = "The number to call; stands in the report.",
     .ks_example = "\"+852 5555 0100\""},
    {.ks_key = "max-risk", .ks_type = KEY_ENUM, .ks_words = words_risk,
     .ks_default = "changes-state", .ks_since = V1,
     .ks_doc = "The highest risk that an inject may have.",
     .ks_example = "stops-service"},
    {.ks_key = "allow", .ks_type = KEY_LIST, .ks_item = KEY_TECHNIQUE, .ks_since = V1,
     .ks_doc = "ATT&CK techniques that injects may use.",
     .ks_example = "[T1491, T1110, T1070.004]"},
    {.ks_key = "sub-techniques", .ks_type = KEY_BOOL, .ks_default = "true", .ks_since = V2,
     .ks_doc = "Whether allowing T1110 allows T1110.001 too.", .ks_example = "false"},
    {.ks_key = "targets", .ks_type = KEY_LIST, .ks_item = KEY_NAME, .ks_since = V2,
     .ks_doc = "Names of the targets that attacks may be for; all by default.",
     .ks_example = "[portal, records]"},
    {.ks_key = "rules", .ks_type = KEY_MAP, .ks_sub = &keys_scope_rules, .ks_since = V2,
     .ks_doc = "Rules for people.", .ks_example = "{wiping: forbidden, hack-back: with-consent}"},
    {.ks_key = "window", .ks_type = KEY_SHORT, .ks_item = KEY_HOURS, .ks_sub = &keys_hours,
     .ks_since = V2, .ks_doc = "Times of day at which attacks may begin.",
     .ks_example = "\"09:00-18:00\""},
    {.ks_key = "dead-man", .ks_type = KEY_DURATION, .ks_default = "60s", .ks_since = V2,
     .ks_doc = "A guest that hears nothing from Parry for so long ends its attacks and runs "
               "their cleanup; 0s: never.",
     .ks_example = "2m"},
    END,
};
const KeyTable keys_scope = {"scope", "Who allowed it, and what is allowed.", scope_keys};

#define RULE(key, doc) {.ks_key = key, .ks_type = KEY_ENUM, .ks_words = word_rule, \
    .ks_default = "forbidden", .ks_since = V2, .ks_doc = doc, .ks_example = "with-consent"}

static const KeySpec scope_rules_keys[] = {
    RULE("red-on-red", "Red against red; where written as forbidden, no attack is for red."),
    RULE("hack-back", "Blue against red."),
    RULE("denial-of-service",
         "Where written as forbidden, no attack is T1498 or T1499 or stops a service."),
    RULE("wiping",
         "Where written as forbidden, no attack is T1485 or T1561 or destroys data."),
    RULE("referee-hosts",
         "Against white's hosts; where written as forbidden, none is a victim."),
    END,
};
const KeyTable keys_scope_rules = {"rules of engagement",
    "What people may do; the plan and the report quote all of them.", scope_rules_keys};

static const KeySpec phase_keys[] = {
    {.ks_key = "until", .ks_type = KEY_MOMENT, .ks_words = word_end, .ks_flags = KEY_CHOICE,
     .ks_since = V1, .ks_doc = "When it ends; \"end\" is the drill's end.",
     .ks_example = "2h"},
    {.ks_key = "lasts", .ks_type = KEY_DURATION, .ks_flags = KEY_CHOICE, .ks_since = V1,
     .ks_doc = "How long it lasts, from the end of the one before.",
     .ks_example = "12h"},
    {.ks_key = "kind", .ks_type = KEY_ENUM, .ks_words = word_kind, .ks_default = "attack",
     .ks_since = V2, .ks_doc = "What it is for; all but attack neither score nor let red act, "
                               "unless written.",
     .ks_example = "familiarisation"},
    {.ks_key = "score", .ks_type = KEY_BOOL, .ks_since = V1,
     .ks_doc = "Whether checks and injects count, by default by its kind; never after the "
               "drill's end.",
     .ks_example = "false"},
    {.ks_key = "red", .ks_type = KEY_ENUM, .ks_words = word_red, .ks_since = V1,
     .ks_doc = "Whether red may act; by default by its kind.",
     .ks_example = "locked"},
    END,
};
const KeyTable keys_phase = {"a phase", "A part of the drill.", phase_keys};

static const KeySpec window_keys[] = {
    {.ks_key = "hours", .ks_type = KEY_HOURS, .ks_flags = KEY_CHOICE, .ks_since = V2,
     .ks_doc = "Times of day, in the drill's timezone.", .ks_example = "\"22:00-06:00\""},
    {.ks_key = "days", .ks_type = KEY_LIST, .ks_item = KEY_ENUM, .ks_words = words_day,
     .ks_since = V2, .ks_doc = "With hours: on which days it begins; every day by default.",
     .ks_example = "[mon, tue, wed, thu, fri]"},
    {.ks_key = "from", .ks_type = KEY_MOMENT, .ks_flags = KEY_CHOICE, .ks_since = V2,
     .ks_doc = "When it begins, once.", .ks_example = "\"2026-11-14 12:00\""},
    {.ks_key = "until", .ks_type = KEY_MOMENT, .ks_words = word_end, .ks_since = V2,
     .ks_doc = "With from: when it ends.", .ks_example = "\"2026-11-14 13:00\""},
    {.ks_key = "mode", .ks_type = KEY_ENUM, .ks_words = word_mode, .ks_default = "quiet",
     .ks_since = V2, .ks_doc = "quiet: no inject begins and nothing scores; pause: the drill "
                               "pauses by itself.",
     .ks_example = "pause"},
    END,
};
const KeyTable keys_window = {"a window", "A time at which the drill rests.", window_keys};

static const KeySpec hours_keys[] = {
    {.ks_key = "hours", .ks_type = KEY_HOURS, .ks_flags = KEY_REQUIRED, .ks_since = V2,
     .ks_doc = "Times of day, in the drill's timezone.", .ks_example = "\"22:00-06:00\""},
    {.ks_key = "days", .ks_type = KEY_LIST, .ks_item = KEY_ENUM, .ks_words = words_day,
     .ks_since = V2, .ks_doc = "Days on which they begin; every day by default.",
     .ks_example = "[sat, sun]"},
    END,
};
const KeyTable keys_hours = {"hours", "Times of day on some days of the week.", hours_keys};
/* clang-format on */
