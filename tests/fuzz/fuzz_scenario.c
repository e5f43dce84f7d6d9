/*
 * The scenario loader over arbitrary bytes: it must end with a plan and no error, or with
 * errors and no plan, and what it made must be whole.
 *
 *   fuzz-scenario -dict=tests/fuzz/scenario.dict tests/fuzz/corpus/scenario \
 *       tests/unit/data/scenario examples
 */
#include "scenarios/plan.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(const Plan *plan)
{
    json_t *json = plan_to_json(plan);

    if (!json || plan_memory_needed(plan, "qemu") < plan_memory_needed(plan, "kvm"))
        abort();
    json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ParryDiags *diags = parry_diags_new();
    /* A directory without files: no `source:` or image of this machine is ever read. */
    Plan *plan =
        plan_load_bytes("f.yaml", "/proc/self/fdinfo/none", data, size, NULL, diags);
    char *text = parry_diags_text(diags, TRUE);
    json_t *json = parry_diags_json(diags);

    if ((plan == NULL) != (parry_diags_count(diags, DIAG_ERROR) > 0) ||
        !g_utf8_validate(text, -1, NULL) ||
        json_array_size(json) != parry_diags_all(diags)->len)
        abort();
    if (plan)
        walk(plan);
    plan_free(plan);
    json_decref(json);
    g_free(text);
    parry_diags_free(diags);
    return 0;
}
