/* Words of objectives: what a drill is to show, as in the Open Cyber Range's SDL. */
#include "scenarios/keys_people.h"
#include "scenarios/keys_spec.h"

/* clang-format off */
static const char *const word_metric[] = {"manual", "conditional", NULL};

static const KeySpec objectives_keys[] = {
    {.ks_key = "capabilities", .ks_type = KEY_NAMED, .ks_item = KEY_MAP,
     .ks_sub = &keys_capability, .ks_since = V2,
     .ks_doc = "What teams are able to do, rated P, S, M or U.",
     .ks_example = "{detection: {title: Detection and analysis}}"},
    {.ks_key = "metrics", .ks_type = KEY_NAMED, .ks_item = KEY_MAP, .ks_sub = &keys_metric,
     .ks_since = V2, .ks_doc = "What is measured.",
     .ks_example = "{report-quality: {kind: manual, max-score: 10}}"},
    {.ks_key = "evaluations", .ks_type = KEY_NAMED, .ks_item = KEY_MAP,
     .ks_sub = &keys_evaluation, .ks_since = V2, .ks_doc = "What metrics together tell.",
     .ks_example = "{reporting: {metrics: [report-quality], min-score: 60%}}"},
    {.ks_key = "training-objectives", .ks_type = KEY_NAMED, .ks_item = KEY_MAP,
     .ks_sub = &keys_training, .ks_since = V2,
     .ks_doc = "What teams are to learn or show; injects serve them by `objective`.",
     .ks_example = "{report-well: {evaluation: reporting, capability: detection}}"},
    {.ks_key = "goals", .ks_type = KEY_NAMED, .ks_item = KEY_MAP, .ks_sub = &keys_goal,
     .ks_since = V2, .ks_doc = "Why the drill is held.",
     .ks_example = "{resilient: {training-objectives: [report-well]}}"},
    END,
};
const KeyTable keys_objectives = {"objectives",
    "What the drill is to show; stands in the plan and the report.", objectives_keys};

#define TITLE {.ks_key = "title", .ks_type = KEY_LANGTEXT, .ks_since = V2, \
    .ks_doc = "What people read; the name where it is absent.", \
    .ks_example = "{en: Keep serving, zh-Hant: 維持服務}"}

static const KeySpec capability_keys[] = {TITLE, END};
const KeyTable keys_capability = {"a capability", "What teams are able to do.",
    capability_keys};

static const KeySpec metric_keys[] = {
    TITLE,
    {.ks_key = "kind", .ks_type = KEY_ENUM, .ks_words = word_metric,
     .ks_default = "manual", .ks_since = V2,
     .ks_doc = "manual: an evaluator gives the score; conditional: the condition does.",
     .ks_example = "manual"},
    {.ks_key = "condition", .ks_type = KEY_MAP, .ks_sub = &keys_condition, .ks_since = V2,
     .ks_doc = "Of a conditional metric: earns the score once it is true.",
     .ks_example = "{check: web-up, state: up, lasts: 10m}"},
    {.ks_key = "artifact", .ks_type = KEY_BOOL, .ks_default = "false", .ks_since = V2,
     .ks_doc = "Of a manual metric: whether a document must be handed in.",
     .ks_example = "true"},
    {.ks_key = "max-score", .ks_type = KEY_POINTS, .ks_flags = KEY_REQUIRED, .ks_since = V2,
     .ks_doc = "The most that it gives.", .ks_example = "10"},
    END,
};
const KeyTable keys_metric = {"a metric", "What is measured.", metric_keys};

static const KeySpec evaluation_keys[] = {
    TITLE,
    {.ks_key = "metrics", .ks_type = KEY_ONE_OR_LIST, .ks_item = KEY_NAME,
     .ks_flags = KEY_REQUIRED, .ks_since = V2, .ks_doc = "The metrics that are added up.",
     .ks_example = "[portal-back, report-quality]"},
    {.ks_key = "min-score", .ks_type = KEY_SHARE, .ks_default = "50%", .ks_since = V2,
     .ks_doc = "What passes: a part of the most that the metrics give, or points.",
     .ks_example = "60%"},
    END,
};
const KeyTable keys_evaluation = {"an evaluation", "What metrics together tell.",
    evaluation_keys};

static const KeySpec training_keys[] = {
    TITLE,
    {.ks_key = "evaluation", .ks_type = KEY_NAME, .ks_flags = KEY_REQUIRED, .ks_since = V2,
     .ks_doc = "What tells whether it is met.", .ks_example = "continuity"},
    {.ks_key = "capability", .ks_type = KEY_NAME, .ks_since = V2,
     .ks_doc = "The capability that it is about.", .ks_example = "detection"},
    {.ks_key = "notes", .ks_type = KEY_LANGTEXT, .ks_since = V2,
     .ks_doc = "What evaluators look at.", .ks_example = "Who decides, and how fast?"},
    END,
};
const KeyTable keys_training = {"a training objective", "What teams are to learn or show.",
    training_keys};

static const KeySpec goal_keys[] = {
    TITLE,
    {.ks_key = "training-objectives", .ks_type = KEY_ONE_OR_LIST, .ks_item = KEY_NAME,
     .ks_flags = KEY_REQUIRED, .ks_since = V2, .ks_doc = "The objectives that it consists of.",
     .ks_example = "[keep-serving]"},
    END,
};
const KeyTable keys_goal = {"a goal", "Why the drill is held.", goal_keys};
/* clang-format on */
