/*
 * The scenario loader over arbitrary bytes: it must end with a plan and no error, or with
 * errors and no plan, and what it made must be whole.
 *
 *   fuzz-scenario -dict=tests/fuzz/scenario.dict tests/fuzz/corpus/scenario \
 *       tests/unit/data/scenario examples
 *
 * A line "%%% NAME" ends a file and begins the one that `includes` calls NAME.
 */
#include "scenarios/plan.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MARK "\n%%% "

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(const Plan *plan)
{
    json_t *json = plan_to_json(plan);

    if (!json || plan_memory_needed(plan, "qemu") < plan_memory_needed(plan, "kvm"))
        abort();
    json_decref(json);
}

/* Bytes up to the next mark, or to the end. */
static size_t part_len(const char *text, size_t size)
{
    const char *mark = size ? memmem(text, size, MARK, strlen(MARK)) : NULL;

    return mark ? (size_t)(mark - text) + 1 : size;
}

typedef struct {
    const char *in_text;
    size_t in_size;
} Input;

static GBytes *read_part(const char *path, gpointer data, GError **error)
{
    const Input *input = data;
    size_t at = part_len(input->in_text, input->in_size), name = strlen(path);

    while (at < input->in_size) {
        const char *head = input->in_text + at + strlen(MARK) - 1;
        size_t left = input->in_size - at - (strlen(MARK) - 1);
        const char *line = memchr(head, '\n', left);
        if (!line)
            break;
        size_t len = part_len(line, left - (size_t)(line - head));
        if ((size_t)(line - head) == name && !memcmp(head, path, name))
            return g_bytes_new(line + 1, len - 1);
        at = (size_t)(line - input->in_text) + len;
    }
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT, "no such part");
    return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const set[] = {"pace=90s", NULL};
    Input input = {(const char *)data, size};
    PlanOptions options = {
        .po_set = size % 16 ? NULL : set, .po_read = read_part, .po_data = &input};
    ParryDiags *diags = parry_diags_new();
    /* A directory without files: no `source:` or image of this machine is ever read. */
    Plan *plan = plan_load_bytes_with("f.yaml", "/proc/self/fdinfo/none", data,
                                      part_len(input.in_text, size), &options, diags);
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
