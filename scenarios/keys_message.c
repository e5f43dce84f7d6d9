/* Words of messages. */
#include "scenarios/keys_spec.h"

/* clang-format off */
static const char *const words_medium[] = {"mail", "phone", "radio", "chat", "paper",
    "press", "social", NULL};

static const KeySpec message_keys[] = {
    {.ks_key = "to", .ks_type = KEY_ONE_OR_LIST, .ks_item = KEY_NAME,
     .ks_flags = KEY_REQUIRED, .ks_since = V1, .ks_doc = "Teams, sides or labels.",
     .ks_example = "[blue]"},
    {.ks_key = "from", .ks_type = KEY_TEXT, .ks_flags = KEY_REFS, .ks_since = V2,
     .ks_doc = "Who sends it, as the players read it; drill control by default.",
     .ks_example = "Help desk"},
    {.ks_key = "channel", .ks_type = KEY_ENUM, .ks_words = words_medium,
     .ks_default = "mail", .ks_since = V2, .ks_doc = "How it reaches them.",
     .ks_example = "phone"},
    {.ks_key = "subject", .ks_type = KEY_LANGTEXT, .ks_flags = KEY_REQUIRED | KEY_REFS,
     .ks_since = V1, .ks_doc = "One line.",
     .ks_example = "{en: Suspicious mail, zh-Hant: 可疑電郵}"},
    {.ks_key = "body", .ks_type = KEY_LANGTEXT, .ks_flags = KEY_REQUIRED | KEY_REFS,
     .ks_since = V1, .ks_doc = "The text.",
     .ks_example = "A member of staff asks what to do."},
    {.ks_key = "attachments", .ks_type = KEY_LIST, .ks_item = KEY_MAP,
     .ks_sub = &keys_attachment, .ks_since = V2, .ks_doc = "Files that come with it.",
     .ks_example = "[{name: roster.csv, content: \"name,shift\"}]"},
    {.ks_key = "answer-within", .ks_type = KEY_DURATION, .ks_since = V1,
     .ks_doc = "An answer is wanted by then.", .ks_example = "2h"},
    {.ks_key = "rubric", .ks_type = KEY_LIST, .ks_item = KEY_MAP, .ks_sub = &keys_criterion,
     .ks_doc = "How judges grade the answer.",
     .ks_example = "[{criterion: Names a person to call, points: 20}]"},
    END,
};
const KeyTable keys_message = {"a message", "Something told to people.", message_keys};

static const KeySpec attachment_keys[] = {
    {.ks_key = "name", .ks_type = KEY_TEXT, .ks_flags = KEY_REQUIRED, .ks_since = V2,
     .ks_doc = "Name of the file, without a directory.", .ks_example = "roster.csv"},
    {.ks_key = "content", .ks_type = KEY_TEXT, .ks_flags = KEY_CHOICE | KEY_REFS,
     .ks_since = V2, .ks_doc = "Its text.", .ks_example = "\"name,shift\""},
    {.ks_key = "source", .ks_type = KEY_FILE, .ks_flags = KEY_CHOICE, .ks_since = V2,
     .ks_doc = "A file below the scenario's directory, at most 1 MiB.",
     .ks_example = "papers/roster.csv"},
    END,
};
const KeyTable keys_attachment = {"an attachment", "A file that comes with a message.",
    attachment_keys};

static const KeySpec criterion_keys[] = {
    {.ks_key = "criterion", .ks_type = KEY_LANGTEXT, .ks_flags = KEY_REQUIRED,
     .ks_doc = "What the judge looks for.", .ks_example = "Names a person to call"},
    {.ks_key = "points", .ks_type = KEY_POINTS, .ks_flags = KEY_REQUIRED,
     .ks_doc = "What it earns at most.", .ks_example = "20"},
    END,
};
const KeyTable keys_criterion = {"a criterion", "One line of a rubric.", criterion_keys};
/* clang-format on */
