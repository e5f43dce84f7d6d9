/* Words of attacks: a script, a chain of them, or one of a library. */
#include "scenarios/keys_spec.h"

/* clang-format off */
#define LIMITS \
    {.ks_key = "limits", .ks_type = KEY_MAP, .ks_sub = &keys_limits, .ks_since = V2, \
     .ks_doc = "How much it may take of the guest.", \
     .ks_example = "{memory: 64M, processes: 32}"}

static const KeySpec limits_keys[] = {
    {.ks_key = "memory", .ks_type = KEY_SIZE, .ks_min = 4 << 20,
     .ks_max = G_GINT64_CONSTANT(1) << 40, .ks_since = V2,
     .ks_doc = "Of all its processes together; half of the guest's by default.",
     .ks_example = "64M"},
    {.ks_key = "processes", .ks_type = KEY_INT, .ks_min = 1, .ks_max = 32768,
     .ks_default = "256", .ks_since = V2, .ks_doc = "So many at once.",
     .ks_example = "32"},
    {.ks_key = "output", .ks_type = KEY_SIZE, .ks_min = 1 << 10, .ks_max = 1 << 20,
     .ks_default = "64K", .ks_since = V2,
     .ks_doc = "So much of what it prints is kept, at most 1M.", .ks_example = "256K"},
    END,
};
const KeyTable keys_limits = {"limits", "How much a script may take of its guest.",
    limits_keys};

#define WHO \
    {.ks_key = "cleanup", .ks_type = KEY_TEXT, .ks_flags = KEY_REFS, .ks_since = V1, \
     .ks_doc = "A script that takes away what it left.", \
     .ks_example = "rm -f /tmp/.cache"}, \
    {.ks_key = "from", .ks_type = KEY_NAME, .ks_since = V1, \
     .ks_doc = "A host of the red team, or of the victim's estate; the victim by default.", \
     .ks_example = "box"}, \
    {.ks_key = "user", .ks_type = KEY_ACCOUNT, .ks_default = "root", .ks_since = V1, \
     .ks_doc = "Who runs it there.", .ks_example = "www-data"}, \
    {.ks_key = "timeout", .ks_type = KEY_DURATION, .ks_default = "60s", .ks_since = V1, \
     .ks_doc = "It is killed by then.", .ks_example = "90s"}, \
    LIMITS, \
    {.ks_key = "residue", .ks_type = KEY_BOOL, .ks_default = "true", .ks_since = V2, \
     .ks_doc = "Whether what is left of it after the cleanup is looked for.", \
     .ks_example = "false"}, \
    {.ks_key = "effect", .ks_type = KEY_MAP, .ks_sub = &keys_effect, .ks_since = V1, \
     .ks_doc = "How Parry sees that it worked.", \
     .ks_example = "{file: {path: /tmp/.cache, sha256: exists}}"}

static const KeySpec attack_keys[] = {
    {.ks_key = "run", .ks_type = KEY_TEXT, .ks_flags = KEY_CHOICE | KEY_REFS, .ks_since = V1,
     .ks_doc = "A script for sh. Exit 0: it ran; 10: the defence stopped it; else it failed.",
     .ks_example = "echo Hacked >/var/www/html/index.html"},
    WHO,
    {.ks_key = "steps", .ks_type = KEY_LIST, .ks_item = KEY_MAP, .ks_sub = &keys_step,
     .ks_flags = KEY_CHOICE, .ks_since = V2,
     .ks_doc = "A chain: each begins once the one before succeeded.",
     .ks_example = "[{run: id >/tmp/.who}, {wait: 5m, run: cp /tmp/.who /tmp/.loot}]"},
    {.ks_key = "atomic", .ks_type = KEY_GUID, .ks_flags = KEY_CHOICE,
     .ks_doc = "An Atomic Red Team test.",
     .ks_example = "4ae3a1c2-21f7-4d3c-a3b8-9d1c2e1b7a10"},
    {.ks_key = "caldera", .ks_type = KEY_GUID, .ks_flags = KEY_CHOICE,
     .ks_doc = "A Caldera ability.", .ks_example = "c0da588f-79f0-4263-8998-7496b1a40596"},
    {.ks_key = "inputs", .ks_type = KEY_NAMED, .ks_item = KEY_TEXT, .ks_name = KEY_ACCOUNT,
     .ks_flags = KEY_REFS, .ks_doc = "What the test or ability asks for, by name.",
     .ks_example = "{output_file: /tmp/.out}"},
    END,
};
const KeyTable keys_attack = {"an attack", "Something done to a host.", attack_keys};

static const KeySpec step_keys[] = {
    {.ks_key = "title", .ks_type = KEY_LANGTEXT, .ks_since = V2,
     .ks_doc = "What people read; the inject's title by default.",
     .ks_example = "Records are packed"},
    {.ks_key = "wait", .ks_type = KEY_DURATION, .ks_default = "0s", .ks_since = V2,
     .ks_doc = "So long after the step before.", .ks_example = "5m"},
    {.ks_key = "technique", .ks_type = KEY_TECHNIQUE, .ks_since = V2,
     .ks_doc = "ATT&CK technique; the inject's by default.", .ks_example = "T1074.001"},
    {.ks_key = "host", .ks_type = KEY_NAME, .ks_since = V2,
     .ks_doc = "The victim; the inject's by default.", .ks_example = "files"},
    {.ks_key = "target", .ks_type = KEY_NAME, .ks_since = V2,
     .ks_doc = "The target that is breached, or none; the inject's by default.",
     .ks_example = "records"},
    {.ks_key = "run", .ks_type = KEY_TEXT, .ks_flags = KEY_REQUIRED | KEY_REFS,
     .ks_since = V2, .ks_doc = "A script, as of an attack.",
     .ks_example = "tar -czf /tmp/.loot.tgz -C /srv records"},
    WHO,
    {.ks_key = "indicators", .ks_type = KEY_LIST, .ks_item = KEY_TEXT, .ks_since = V2,
     .ks_flags = KEY_REFS,
     .ks_doc = "What a report of this step may name; the inject's by default.",
     .ks_example = "[/tmp/.loot.tgz]"},
    {.ks_key = "playbook", .ks_type = KEY_MAP, .ks_sub = &keys_playbook, .ks_since = V2,
     .ks_doc = "How it is found and put right; the last step has the inject's by default.",
     .ks_example = "{contain: rm -f /tmp/.loot.tgz}"},
    {.ks_key = "expect", .ks_type = KEY_MAP, .ks_sub = &keys_expect, .ks_since = V2,
     .ks_doc = "What earns points; the last step has the inject's by default.",
     .ks_example = "{detect: {within: 20m, points: 100}}"},
    END,
};
const KeyTable keys_step = {"a step", "One attack of a chain.", step_keys};

static const KeySpec playbook_keys[] = {
    {.ks_key = "detect", .ks_type = KEY_TEXT, .ks_flags = KEY_REFS, .ks_since = V1,
     .ks_doc = "A script that exits 0 where it finds the traces, and may print what it found.",
     .ks_example = "grep -q parry-recon /var/log/nginx/access.log"},
    {.ks_key = "contain", .ks_type = KEY_TEXT, .ks_flags = KEY_REFS, .ks_since = V1,
     .ks_doc = "A script that puts it right.",
     .ks_example = "cp /var/backups/index.html /var/www/html/"},
    LIMITS,
    END,
};
const KeyTable keys_playbook = {"a playbook",
    "Runs in rehearsals on the victim; evaluators read it.", playbook_keys};
/* clang-format on */
