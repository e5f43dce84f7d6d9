/* Words of expectations: what earns points. */
#include "scenarios/keys_spec.h"

/* clang-format off */
static const char *const word_end[] = {"end", NULL};

#define EXPECTATION(key, since, doc, example) \
    {.ks_key = #key, .ks_type = KEY_MAPS, .ks_sub = &keys_##key, .ks_since = since, \
     .ks_doc = doc, .ks_example = example}

static const KeySpec expect_keys[] = {
    EXPECTATION(prevent, V1, "The defence stopped it.", "{points: 100}"),
    EXPECTATION(detect, V1, "Reported in time.", "{within: 20m, points: 100}"),
    EXPECTATION(contain, V1, "Put right in time.",
                "{check: page-restored, within: 40m, points: 150}"),
    EXPECTATION(eradicate, V2, "Nothing of it is left in time.",
                "{check: accounts-clean, within: 2h, points: 100}"),
    EXPECTATION(recover, V2, "The service is back in time.",
                "{check: web-up, within: 1h, points: 150}"),
    EXPECTATION(answer, V1, "Answered in time.", "{points: 50}"),
    EXPECTATION(report, NULL, "Told to drill control or on a channel in time.",
                "{to: white, within: 1h, points: 50}"),
    EXPECTATION(share, NULL, "Shared with others on a channel in time.",
                "{channel: advisories, within: 2h, points: 50}"),
    {.ks_key = "disclose-after", .ks_type = KEY_DURATION, .ks_words = word_end,
     .ks_since = V2,
     .ks_doc = "An attack is hidden from its victim and the room for so long, or to the end; "
               "as the scoring says by default.",
     .ks_example = "4h"},
    END,
};
const KeyTable keys_expect = {"expectations", "What earns points.", expect_keys};

#define POINTS \
    {.ks_key = "points", .ks_type = KEY_POINTS, .ks_flags = KEY_REQUIRED, .ks_since = V1, \
     .ks_doc = "What it earns.", .ks_example = "100"}, \
    {.ks_key = "rubric", .ks_type = KEY_LIST, .ks_item = KEY_MAP, .ks_sub = &keys_criterion, \
     .ks_doc = "How judges grade it.", \
     .ks_example = "[{criterion: Names the account, points: 20}]"}

#define WITHIN(from) \
    {.ks_key = "within", .ks_type = KEY_DURATION, .ks_flags = KEY_REQUIRED, .ks_since = V1, \
     .ks_doc = from, .ks_example = "20m"}

static const KeySpec prevent_keys[] = {POINTS, END};
const KeyTable keys_prevent = {"prevent", "The defence stopped the attack.", prevent_keys};

static const KeySpec detect_keys[] = {WITHIN("From the attack's execution."), POINTS, END};
const KeyTable keys_detect = {"detect", "The team reports it in time.", detect_keys};

static const KeySpec contain_keys[] = {
    {.ks_key = "check", .ks_type = KEY_NAME, .ks_since = V1,
     .ks_doc = "A check that must be UP; without one the effect must be gone.",
     .ks_example = "page-restored"},
    WITHIN("From the attack's execution."), POINTS, END,
};
const KeyTable keys_contain = {"contain", "The team puts it right in time.", contain_keys};

static const KeySpec eradicate_keys[] = {
    {.ks_key = "check", .ks_type = KEY_NAME, .ks_since = V2,
     .ks_doc = "A check that sees what is left, and must be UP besides: the effect must be gone too.",
     .ks_example = "accounts-clean"},
    WITHIN("From the attack's execution."), POINTS, END,
};
const KeyTable keys_eradicate = {"eradicate", "Nothing of it is left.", eradicate_keys};

static const KeySpec recover_keys[] = {
    {.ks_key = "check", .ks_type = KEY_NAME, .ks_flags = KEY_REQUIRED, .ks_since = V2,
     .ks_doc = "The check that must be UP again; one with \"every\".",
     .ks_example = "web-up"},
    WITHIN("From the attack's or the fault's beginning."), POINTS, END,
};
const KeyTable keys_recover = {"recover", "The service is back.", recover_keys};

static const KeySpec answer_keys[] = {
    {.ks_key = "within", .ks_type = KEY_DURATION, .ks_since = V1,
     .ks_doc = "From the message; answer-within by default.", .ks_example = "2h"},
    POINTS, END,
};
const KeyTable keys_answer = {"answer", "The team answers a message in time.", answer_keys};

static const KeySpec report_keys[] = {
    {.ks_key = "to", .ks_type = KEY_NAME, .ks_default = "white",
     .ks_doc = "White, or a channel.", .ks_example = "advisories"},
    WITHIN("From the inject's beginning."), POINTS,
    {.ks_key = "fields", .ks_type = KEY_LIST, .ks_item = KEY_NAME,
     .ks_doc = "What it must say.", .ks_example = "[impact, measures, contact]"},
    END,
};
const KeyTable keys_report = {"a report", "The team tells of the incident in time.",
    report_keys};

static const KeySpec share_keys[] = {
    {.ks_key = "channel", .ks_type = KEY_NAME, .ks_flags = KEY_REQUIRED,
     .ks_doc = "Where.", .ks_example = "advisories"},
    WITHIN("From the inject's beginning."), POINTS,
    {.ks_key = "tlp", .ks_type = KEY_ENUM, .ks_words = words_tlp,
     .ks_doc = "With which mark; the channel's by default.", .ks_example = "amber"},
    END,
};
const KeyTable keys_share = {"a share", "The team tells others what it found, in time.",
    share_keys};
/* clang-format on */
