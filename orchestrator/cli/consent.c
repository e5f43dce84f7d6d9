/*
 * `parry up` where hosts failed that the scenario requires: on a terminal the organiser
 * is told what is lost without them, and decides.
 */
#include "orchestrator/cli/cli.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define NAMES_SHOWN 8

const char *consent_name(void)
{
    const char *sudo = g_getenv("SUDO_USER");

    return sudo && *sudo ? sudo : g_get_user_name();
}

/* "web-up@health, web-up@lands and 3 more" */
static char *names(const json_t *list)
{
    GString *out = g_string_new(NULL);
    size_t n = json_array_size(list);

    for (size_t i = 0; i < n && i < NAMES_SHOWN; i++)
        g_string_append_printf(out, "%s%s", i ? ", " : "",
                               json_string_value(json_array_get(list, i)));
    if (n > NAMES_SHOWN)
        g_string_append_printf(out, " and %zu more", n - NAMES_SHOWN);
    return g_string_free(out, FALSE);
}

static void say_list(const json_t *losses, const char *key, const char *what)
{
    const json_t *list = json_object_get(losses, key);
    g_autofree char *text = names(list);

    if (json_array_size(list))
        fprintf(stderr, "  %s: %s\n", what, text);
}

void consent_say(const json_t *losses)
{
    const json_t *host;
    gsize i;

    json_array_foreach (json_object_get(losses, "hosts"), i, host)
        fprintf(stderr, "  %s%s: %s\n", json_string_value(json_object_get(host, "host")),
                json_is_true(json_object_get(host, "required")) ? "" : " (optional)",
                json_string_value(json_object_get(host, "reason")));
    say_list(losses, "checks", "not checked, and out of every score");
    say_list(losses, "injects", "attacks that fall away, for nobody's score");
}

static ConsentAnswer answer_of(char key)
{
    static const struct {
        char key;
        ConsentAnswer answer;
    } keys[] = {{'y', CONSENT_DEGRADED}, {'a', CONSENT_AGAIN}, {'k', CONSENT_KEEP}};

    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
        if (g_ascii_tolower(key) == keys[i].key)
            return keys[i].answer;
    return CONSENT_DOWN;
}

ConsentAnswer consent_ask(RpcClient *client)
{
    int status = EXIT_OK;
    char text[16] = "";
    json_t *answer = isatty(0) ? cli_call(client, "status", NULL, -1, &status) : NULL;
    const json_t *losses = json_object_get(answer, "losses");

    if (losses) {
        fprintf(stderr, "\nhosts that this drill requires did not get ready:\n");
        consent_say(losses);
        fprintf(stderr, "begin without them (y), try them again (a), keep it as it is "
                        "(k), or take it down? [y/a/k/N] ");
        if (read(0, text, sizeof(text) - 1) < 0 || cli_interrupted())
            text[0] = '\0';
    }
    gboolean asked = losses != NULL;
    json_decref(answer);
    return asked ? answer_of(text[0]) : CONSENT_NOT_ASKED;
}
