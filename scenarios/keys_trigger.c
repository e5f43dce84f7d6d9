/* Words of what makes an inject due: the one before it, or a condition. */
#include "scenarios/keys_spec.h"

/* clang-format off */
static const char *const words_outcome[] = {"completion", "success", "failure", "expiry",
    NULL};
static const char *const words_state[] = {"up", "down", "faulty", "corrupt", "recovering",
    NULL};

static const KeySpec after_keys[] = {
    {.ks_key = "inject", .ks_type = KEY_NAME, .ks_flags = KEY_REQUIRED, .ks_since = V2,
     .ks_doc = "The inject before; of a chain, all its steps.", .ks_example = "recon"},
    {.ks_key = "outcome", .ks_type = KEY_ENUM, .ks_words = words_outcome,
     .ks_default = "completion", .ks_since = V2,
     .ks_doc = "How that one must have ended; completion: in whatever way.",
     .ks_example = "success"},
    {.ks_key = "delay", .ks_type = KEY_DURATION, .ks_default = "0s", .ks_since = V2,
     .ks_doc = "So long after it.", .ks_example = "10m"},
    END,
};
const KeyTable keys_after = {"an inject before", "What must have ended, and how.",
    after_keys};

static const KeySpec retry_keys[] = {
    {.ks_key = "times", .ks_type = KEY_INT, .ks_min = 1, .ks_max = 10,
     .ks_flags = KEY_REQUIRED, .ks_since = V2, .ks_doc = "So often again.",
     .ks_example = "2"},
    {.ks_key = "wait", .ks_type = KEY_DURATION, .ks_default = "1m", .ks_since = V2,
     .ks_doc = "Time between two attempts.", .ks_example = "1m"},
    END,
};
const KeyTable keys_retry = {"retries", "What happens where the platform failed.",
    retry_keys};

static const KeySpec retry_host_keys[] = {
    {.ks_key = "times", .ks_type = KEY_INT, .ks_min = 1, .ks_max = 10,
     .ks_flags = KEY_REQUIRED, .ks_since = V3, .ks_doc = "So often again.",
     .ks_example = "2"},
    {.ks_key = "wait", .ks_type = KEY_DURATION, .ks_default = "10s", .ks_since = V3,
     .ks_doc = "Time before the first of them, by the wall; doubled for each that follows, "
               "up to 10 minutes.",
     .ks_example = "10s"},
    END,
};
const KeyTable keys_retry_host = {"a host's retries",
    "What happens where a host cannot be made.", retry_host_keys};

static const KeySpec score_is_keys[] = {
    {.ks_key = "below", .ks_type = KEY_POINTS, .ks_flags = KEY_CHOICE, .ks_since = V2,
     .ks_doc = "True while it has fewer.", .ks_example = "5000"},
    {.ks_key = "above", .ks_type = KEY_POINTS, .ks_flags = KEY_CHOICE, .ks_since = V2,
     .ks_doc = "True while it has more.", .ks_example = "8000"},
    END,
};
const KeyTable keys_score_is = {"a score", "The team's own score.", score_is_keys};

static const KeySpec condition_keys[] = {
    {.ks_key = "check", .ks_type = KEY_NAME, .ks_flags = KEY_CHOICE, .ks_since = V2,
     .ks_doc = "A check of the team's estate that is in a state.", .ks_example = "web-up"},
    {.ks_key = "state", .ks_type = KEY_ENUM, .ks_words = words_state, .ks_since = V2,
     .ks_doc = "With check: the state.", .ks_example = "down"},
    {.ks_key = "lasts", .ks_type = KEY_DURATION, .ks_default = "0s", .ks_since = V2,
     .ks_doc = "With check: so long without a break.", .ks_example = "5m"},
    {.ks_key = "inject", .ks_type = KEY_NAME, .ks_flags = KEY_CHOICE, .ks_since = V2,
     .ks_doc = "An inject that has ended.", .ks_example = "deface"},
    {.ks_key = "outcome", .ks_type = KEY_ENUM, .ks_words = words_outcome,
     .ks_default = "completion", .ks_since = V2,
     .ks_doc = "With inject: how it ended; completion: in whatever way.",
     .ks_example = "success"},
    {.ks_key = "report", .ks_type = KEY_NAME, .ks_flags = KEY_CHOICE, .ks_since = V2,
     .ks_doc = "An attack that the team has reported.", .ks_example = "deface"},
    {.ks_key = "claim", .ks_type = KEY_NAME, .ks_flags = KEY_CHOICE, .ks_since = V2,
     .ks_doc = "A target of the team that red has breached.", .ks_example = "portal"},
    {.ks_key = "score", .ks_type = KEY_MAP, .ks_sub = &keys_score_is,
     .ks_flags = KEY_CHOICE, .ks_since = V2, .ks_doc = "The team's score.",
     .ks_example = "{below: 5000}"},
    {.ks_key = "all", .ks_type = KEY_LIST, .ks_item = KEY_MAP, .ks_sub = &keys_condition,
     .ks_flags = KEY_CHOICE, .ks_since = V2, .ks_doc = "All of these are true.",
     .ks_example = "[{check: web-up, state: down}, {inject: deface}]"},
    {.ks_key = "any", .ks_type = KEY_LIST, .ks_item = KEY_MAP, .ks_sub = &keys_condition,
     .ks_flags = KEY_CHOICE, .ks_since = V2, .ks_doc = "One of these is true, or more.",
     .ks_example = "[{report: deface}, {claim: portal}]"},
    {.ks_key = "none", .ks_type = KEY_LIST, .ks_item = KEY_MAP, .ks_sub = &keys_condition,
     .ks_flags = KEY_CHOICE, .ks_since = V2, .ks_doc = "Not one of these is true.",
     .ks_example = "[{report: deface}]"},
    END,
};
const KeyTable keys_condition = {"a condition",
    "Something that is true or not, judged for one team.", condition_keys};
/* clang-format on */
