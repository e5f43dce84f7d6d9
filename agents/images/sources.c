/*
 * The mirrors that a guest's packages come from: those that this machine's own apt takes
 * Debian from, so that a proxy or a mirror in the house is used without being asked for.
 * Other archives that the machine may have are left out: they are not the guest's.
 */
#include "agents/images/internal.h"

#include <string.h>

#define KEYRING "/usr/share/keyrings/debian-archive-keyring.gpg"

typedef struct {
    char *origin, *codename, *uri, *component;
} Target;

static void target_free(gpointer data)
{
    Target *t = data;

    g_free(t->origin);
    g_free(t->codename);
    g_free(t->uri);
    g_free(t->component);
    g_free(t);
}

/* "bookworm-security" -> "bookworm" */
static char *base_of(const char *codename)
{
    return g_strndup(codename, strcspn(codename, "-"));
}

static GPtrArray *parse(const char *text)
{
    GPtrArray *targets = g_ptr_array_new_with_free_func(target_free);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

    for (guint i = 0; lines[i]; i++) {
        g_auto(GStrv) words = g_strsplit(lines[i], "\t", -1);
        if (g_strv_length(words) != 4 || strcmp(words[0], "Debian") != 0)
            continue;
        Target *t = g_new0(Target, 1);
        t->origin = g_strdup(words[0]);
        t->codename = g_strdup(words[1]);
        t->uri = g_strdup(words[2]);
        t->component = g_strdup(words[3]);
        g_ptr_array_add(targets, t);
    }
    return targets;
}

/* The suite whose lines are taken: the wanted one, or the machine's, to be renamed. */
static char *pattern_suite(GPtrArray *targets, const char *suite)
{
    g_autofree char *first = NULL;

    for (guint i = 0; i < targets->len; i++) {
        const Target *t = targets->pdata[i];
        g_autofree char *base = base_of(t->codename);
        if (strcmp(base, suite) == 0)
            return g_steal_pointer(&base);
        if (!first)
            first = g_steal_pointer(&base);
    }
    return g_steal_pointer(&first);
}

char **images_sources_parse(const char *text, const char *suite, GError **error)
{
    g_autoptr(GPtrArray) targets = parse(text);
    g_autofree char *from = pattern_suite(targets, suite);
    g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func(g_free);
    const char *option =
        g_file_test(KEYRING, G_FILE_TEST_EXISTS) ? "[signed-by=" KEYRING "] " : "";

    for (guint i = 0; i < targets->len; i++) {
        const Target *t = targets->pdata[i];
        g_autofree char *base = base_of(t->codename);
        /* Debian's main archive holds all that a drill needs; it is free to pass on. */
        if (strcmp(base, from) != 0 || strcmp(t->component, "main") != 0)
            continue;
        g_autofree char *line = g_strdup_printf("deb %s%s %s%s %s", option, t->uri, suite,
                                                t->codename + strlen(base), t->component);
        if (!g_ptr_array_find_with_equal_func(lines, line, g_str_equal, NULL))
            g_ptr_array_add(lines, g_steal_pointer(&line));
    }
    if (!lines->len) {
        g_set_error(
            error, IMAGES_ERROR, IMAGES_ERROR_MISSING,
            "packages of debian/%s: this machine's apt has no Debian archive, or "
            "its lists are missing: configure one, run \"apt-get update\", and try "
            "again",
            suite);
        return NULL;
    }
    g_ptr_array_add(lines, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&lines), FALSE);
}

char **images_sources(const char *suite, GCancellable *cancel, GError **error)
{
    const char *argv[] = {
        "apt-get",
        "indextargets",
        "--format",
        "$(ORIGIN)\t$(CODENAME)\t$(REPO_URI)\t$(COMPONENT)",
        "Created-By: Packages",
        NULL,
    };
    g_autoptr(GString) out = g_string_new(NULL);
    ImagesChild child = {.argv = argv, .cancel = cancel};

    if (!images_child_run(&child, "package sources", out, error))
        return NULL;
    return images_sources_parse(out->str, suite, error);
}
