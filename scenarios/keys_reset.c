/* Words of resets: on what terms players may ask for one. */
#include "scenarios/keys_reset.h"
#include "scenarios/keys_spec.h"

/* clang-format off */
const char *const words_asker[] = {"team", "lead", "nobody", NULL};
const char *const words_answer[] = {"approve", "refuse", "silence", NULL};

static const KeySpec reset_keys[] = {
    {.ks_key = "by", .ks_type = KEY_ENUM, .ks_words = words_asker, .ks_default = "team",
     .ks_since = V3, .ks_doc = "Who may ask: any player of the team that owns it, those whose "
               "role is lead, or nobody. White resets what it likes.",
     .ks_example = "lead"},
    {.ks_key = "cost", .ks_type = KEY_POINTS, .ks_default = "0", .ks_since = V3,
     .ks_doc = "Points off the team's total, each time, where the phase scores.",
     .ks_example = "50"},
    {.ks_key = "limit", .ks_type = KEY_INT, .ks_min = 1, .ks_max = 1000, .ks_since = V3,
     .ks_doc = "So often at most; any number by default.",
     .ks_example = "3"},
    {.ks_key = "per", .ks_type = KEY_DURATION, .ks_since = V3,
     .ks_doc = "The limit is that of so much drill time back; of the whole drill by default.",
     .ks_example = "24h"},
    {.ks_key = "cooldown", .ks_type = KEY_DURATION, .ks_default = "5m", .ks_since = V3,
     .ks_doc = "So long after one was asked for, and was settled, the next may be.",
     .ks_example = "30m"},
    {.ks_key = "approval", .ks_type = KEY_BOOL, .ks_default = "true", .ks_since = V3,
     .ks_doc = "Whether white must agree first.",
     .ks_example = "false"},
    {.ks_key = "expires", .ks_type = KEY_DURATION, .ks_default = "30m", .ks_since = V3,
     .ks_doc = "What white has not answered after so much drill time is void.",
     .ks_example = "10m"},
    END,
};
const KeyTable keys_reset = {"a reset", "The terms on which a host is put back.",
    reset_keys};

static const KeySpec resets_keys[] = {
    {.ks_key = "limit", .ks_type = KEY_INT, .ks_min = 1, .ks_max = 1000,
     .ks_flags = KEY_REQUIRED, .ks_since = V3,
     .ks_doc = "So often at most, whichever hosts they are of.",
     .ks_example = "6"},
    {.ks_key = "per", .ks_type = KEY_DURATION, .ks_since = V3,
     .ks_doc = "In so much drill time back; in the whole drill by default.",
     .ks_example = "24h"},
    END,
};
const KeyTable keys_resets = {"a team's resets", "How often a team may ask.", resets_keys};

static const KeySpec action_reset_keys[] = {
    {.ks_key = "reason", .ks_type = KEY_TEXT, .ks_flags = KEY_REQUIRED, .ks_since = V3,
     .ks_doc = "What the team says.", .ks_example = "The page is beyond mending"},
    {.ks_key = "white", .ks_type = KEY_ENUM, .ks_words = words_answer,
     .ks_default = "approve", .ks_since = V3,
     .ks_doc = "What white, played along with it, answers where it must.",
     .ks_example = "refuse"},
    {.ks_key = "after", .ks_type = KEY_DURATION, .ks_default = "5m", .ks_since = V3,
     .ks_doc = "So much later.", .ks_example = "10m"},
    END,
};
const KeyTable keys_action_reset = {"a scripted reset",
    "A reset that a scripted team asks for, and what white says.", action_reset_keys};
/* clang-format on */
