/* Words of what happens: injects and expectations. */
#include "scenarios/keys_spec.h"

/* clang-format off */
static const KeySpec inject_keys[] = {
    {.ks_key = "at", .ks_type = KEY_MOMENT, .ks_flags = KEY_CHOICE_2, .ks_since = V1,
     .ks_doc = "When: elapsed, weekday and time, or date and time.",
     .ks_example = "Sat 03:00"},
    {.ks_key = "after", .ks_type = KEY_SHORT, .ks_item = KEY_NAME, .ks_sub = &keys_after,
     .ks_flags = KEY_CHOICE_2, .ks_since = V2,
     .ks_doc = "When: once another inject has ended, for the same team.",
     .ks_example = "{inject: recon, outcome: success, delay: 10m}"},
    {.ks_key = "when", .ks_type = KEY_MAP, .ks_sub = &keys_condition,
     .ks_flags = KEY_CHOICE_2, .ks_since = V2,
     .ks_doc = "When: once a condition is true for the team.",
     .ks_example = "{check: web-up, state: down, lasts: 5m}"},
    {.ks_key = "manual", .ks_type = KEY_BOOL, .ks_flags = KEY_CHOICE_2, .ks_since = V2,
     .ks_doc = "When: on white's word, by `parry inject NAME`.", .ks_example = "true"},
    {.ks_key = "delay", .ks_type = KEY_DURATION, .ks_default = "0s", .ks_since = V2,
     .ks_doc = "With after or when: so long after it.", .ks_example = "10m"},
    {.ks_key = "jitter", .ks_type = KEY_DURATION, .ks_default = "0s", .ks_since = V1,
     .ks_doc = "Up to so much later, drawn from the seed, the same for all teams.",
     .ks_example = "10m"},
    {.ks_key = "title", .ks_type = KEY_LANGTEXT, .ks_since = V1,
     .ks_doc = "What people read; the name where it is absent.",
     .ks_example = "{en: The web page is changed, zh-Hant: 網頁被篡改}"},
    {.ks_key = "for", .ks_type = KEY_ONE_OR_LIST, .ks_item = KEY_NAME, .ks_since = V1,
     .ks_doc = "Teams or sides attacked; all of blue by default.",
     .ks_example = "[health, lands]"},
    {.ks_key = "by", .ks_type = KEY_NAME, .ks_since = V1,
     .ks_doc = "Red team in whose name it runs, a side (its teams take turns), or white; "
               "the first red team by default.",
     .ks_example = "red"},
    {.ks_key = "technique", .ks_type = KEY_TECHNIQUE, .ks_since = V1,
     .ks_doc = "ATT&CK technique of an attack.",
     .ks_example = "T1491.002"},
    {.ks_key = "risk", .ks_type = KEY_ENUM, .ks_words = words_risk,
     .ks_default = "changes-state", .ks_since = V1,
     .ks_doc = "What an attack does at worst; not above the scope's max-risk.",
     .ks_example = "stops-service"},
    {.ks_key = "host", .ks_type = KEY_NAME, .ks_since = V1, .ks_doc = "The victim.",
     .ks_example = "web"},
    {.ks_key = "target", .ks_type = KEY_NAME, .ks_since = V1,
     .ks_doc = "The target that is breached, or none; the first on that host by default.",
     .ks_example = "portal"},
    {.ks_key = "attack", .ks_type = KEY_MAP, .ks_sub = &keys_attack, .ks_flags = KEY_CHOICE,
     .ks_since = V1, .ks_doc = "Something done to a host.",
     .ks_example = "{run: echo Hacked >/var/www/html/index.html}"},
    {.ks_key = "message", .ks_type = KEY_MAP, .ks_sub = &keys_message,
     .ks_flags = KEY_CHOICE, .ks_since = V1, .ks_doc = "Something told to people.",
     .ks_example = "{to: blue, subject: Suspicious mail, body: What do you do?}"},
    {.ks_key = "indicators", .ks_type = KEY_LIST, .ks_item = KEY_TEXT, .ks_since = V1,
     .ks_doc = "What a report may name: paths, addresses, accounts.",
     .ks_example = "[/tmp/.cache, 203.0.113.66]"},
    {.ks_key = "playbook", .ks_type = KEY_MAP, .ks_sub = &keys_playbook, .ks_since = V1,
     .ks_doc = "How a skilled defender finds it and puts it right.",
     .ks_example = "{detect: grep -q Hacked /var/www/html/index.html}"},
    {.ks_key = "expect", .ks_type = KEY_MAP, .ks_sub = &keys_expect, .ks_since = V1,
     .ks_doc = "What earns points.",
     .ks_example = "{detect: {within: 20m, points: 100}}"},
    {.ks_key = "fault", .ks_type = KEY_ANY, .ks_flags = KEY_CHOICE,
     .ks_doc = "Something that breaks."},
    {.ks_key = "hold", .ks_type = KEY_BOOL, .ks_default = "false", .ks_since = V2,
     .ks_doc = "When due it waits for white, `parry approve NAME`.", .ks_example = "true"},
    {.ks_key = "retry", .ks_type = KEY_MAP, .ks_sub = &keys_retry, .ks_since = V2,
     .ks_doc = "Tries again where the platform failed.",
     .ks_example = "{times: 2, wait: 1m}"},
    {.ks_key = "expires", .ks_type = KEY_DURATION, .ks_since = V2,
     .ks_doc = "Too late so long after it was due: it ends as expired.",
     .ks_example = "2h"},
    {.ks_key = "together", .ks_type = KEY_BOOL, .ks_default = "false", .ks_since = V2,
     .ks_doc = "The same moment for all its teams; what lies between them is recorded.",
     .ks_example = "true"},
    END,
};
const KeyTable keys_inject = {"an inject", "What happens to the teams.", inject_keys};

static const KeySpec attack_keys[] = {
    {.ks_key = "run", .ks_type = KEY_TEXT, .ks_flags = KEY_CHOICE, .ks_since = V1,
     .ks_doc = "A script for sh. Exit 0: it ran; 10: the defence stopped it; else it failed.",
     .ks_example = "echo Hacked >/var/www/html/index.html"},
    {.ks_key = "cleanup", .ks_type = KEY_TEXT, .ks_since = V1,
     .ks_doc = "A script that takes away what it left.",
     .ks_example = "rm -f /tmp/.cache"},
    {.ks_key = "from", .ks_type = KEY_NAME, .ks_since = V1,
     .ks_doc = "A host of the red team, or of the victim's estate; the victim by default.",
     .ks_example = "box"},
    {.ks_key = "user", .ks_type = KEY_ACCOUNT, .ks_default = "root", .ks_since = V1,
     .ks_doc = "Who runs it there.",
     .ks_example = "www-data"},
    {.ks_key = "timeout", .ks_type = KEY_DURATION, .ks_default = "60s", .ks_since = V1,
     .ks_doc = "It is killed by then.",
     .ks_example = "90s"},
    {.ks_key = "effect", .ks_type = KEY_MAP, .ks_sub = &keys_effect, .ks_since = V1,
     .ks_doc = "How Parry sees that it worked.",
     .ks_example = "{file: {path: /tmp/.cache, sha256: exists}}"},
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
     .ks_flags = KEY_REQUIRED, .ks_since = V1, .ks_doc = "Teams or sides.",
     .ks_example = "[blue]"},
    {.ks_key = "subject", .ks_type = KEY_LANGTEXT, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "One line.",
     .ks_example = "{en: Suspicious mail, zh-Hant: 可疑電郵}"},
    {.ks_key = "body", .ks_type = KEY_LANGTEXT, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "The text.",
     .ks_example = "A member of staff asks what to do."},
    {.ks_key = "answer-within", .ks_type = KEY_DURATION, .ks_since = V1,
     .ks_doc = "An answer is wanted by then.",
     .ks_example = "2h"},
    NOT_BUILT("from", "Who sends it."),
    NOT_BUILT("channel", "Mail, phone, paper."),
    NOT_BUILT("attachment", "A file."),
    NOT_BUILT("rubric", "How answers are graded."),
    END,
};
const KeyTable keys_message = {"a message", "Something told to people.", message_keys};

static const KeySpec playbook_keys[] = {
    {.ks_key = "detect", .ks_type = KEY_TEXT, .ks_since = V1,
     .ks_doc = "A script that exits 0 where it finds the traces, and may print what it found.",
     .ks_example = "grep -q parry-recon /var/log/nginx/access.log"},
    {.ks_key = "contain", .ks_type = KEY_TEXT, .ks_since = V1,
     .ks_doc = "A script that puts it right.",
     .ks_example = "cp /var/backups/index.html /var/www/html/"},
    END,
};
const KeyTable keys_playbook = {"a playbook",
    "Runs in rehearsals on the victim; evaluators read it.", playbook_keys};

static const KeySpec expect_keys[] = {
    {.ks_key = "prevent", .ks_type = KEY_MAP, .ks_sub = &keys_prevent, .ks_since = V1,
     .ks_doc = "The defence stopped it.",
     .ks_example = "{points: 100}"},
    {.ks_key = "detect", .ks_type = KEY_MAP, .ks_sub = &keys_detect, .ks_since = V1,
     .ks_doc = "Reported in time.",
     .ks_example = "{within: 20m, points: 100}"},
    {.ks_key = "contain", .ks_type = KEY_MAP, .ks_sub = &keys_contain, .ks_since = V1,
     .ks_doc = "Put right in time.",
     .ks_example = "{check: page-restored, within: 40m, points: 150}"},
    {.ks_key = "answer", .ks_type = KEY_MAP, .ks_sub = &keys_answer, .ks_since = V1,
     .ks_doc = "Answered in time.",
     .ks_example = "{points: 50}"},
    NOT_BUILT("eradicate", "Taken away altogether."),
    NOT_BUILT("recover", "Service is back."),
    NOT_BUILT("report", "A report of some form."),
    NOT_BUILT("share", "Told to others."),
    END,
};
const KeyTable keys_expect = {"expectations", "What earns points.", expect_keys};

#define POINTS {.ks_key = "points", .ks_type = KEY_POINTS, .ks_flags = KEY_REQUIRED, \
    .ks_since = V1, .ks_doc = "What it earns.", \
     .ks_example = "100"}

static const KeySpec prevent_keys[] = {POINTS, END};
const KeyTable keys_prevent = {"prevent", "The defence stopped the attack.", prevent_keys};

static const KeySpec detect_keys[] = {
    {.ks_key = "within", .ks_type = KEY_DURATION, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "From the attack's execution.",
     .ks_example = "20m"},
    POINTS, END,
};
const KeyTable keys_detect = {"detect", "The team reports it in time.", detect_keys};

static const KeySpec contain_keys[] = {
    {.ks_key = "check", .ks_type = KEY_NAME, .ks_since = V1,
     .ks_doc = "A check that must be UP; without one the effect must be gone.",
     .ks_example = "page-restored"},
    {.ks_key = "within", .ks_type = KEY_DURATION, .ks_flags = KEY_REQUIRED, .ks_since = V1,
     .ks_doc = "From the attack's execution.",
     .ks_example = "40m"},
    POINTS, END,
};
const KeyTable keys_contain = {"contain", "The team puts it right in time.", contain_keys};

static const KeySpec answer_keys[] = {
    {.ks_key = "within", .ks_type = KEY_DURATION, .ks_since = V1,
     .ks_doc = "From the message; answer-within by default.",
     .ks_example = "2h"},
    POINTS, END,
};
const KeyTable keys_answer = {"answer", "The team answers a message in time.", answer_keys};
/* clang-format on */
