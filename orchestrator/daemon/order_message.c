#include "orchestrator/daemon/order_message.h"

#include "scenarios/base/cjson.h"

#include <string.h>

#define MESSAGE_MAX (65536 - 256) /* of a line; the rest is number and id */

static json_t *strv_json(char *const *strv)
{
    json_t *list = json_array();

    for (; strv && *strv; strv++)
        json_array_append_new(list, json_string(*strv));
    return list;
}

static json_t *env_json(char *const *env)
{
    json_t *object = json_object();

    for (; env && *env; env++) {
        const char *equals = strchr(*env, '=');
        g_autofree char *key = equals ? g_strndup(*env, equals - *env) : NULL;
        if (key)
            json_object_set_new(object, key, json_string(equals + 1));
    }
    return object;
}

PlanLimits order_limits(const Daemon *d, const OrderSpec *spec)
{
    PlanLimits limits = {0, LIMITS_PROCESSES, LIMITS_OUTPUT};

    if (spec->os_limits)
        limits = *spec->os_limits;
    if (!limits.li_memory)
        limits.li_memory = plan_host(d->dm_plan, spec->os_host)->ph_memory / 2;
    return limits;
}

json_t *order_wanted(const Daemon *d, const OrderSpec *spec)
{
    PlanLimits limits = order_limits(d, spec);
    json_t *body = json_pack("{s:s, s:s, s:s, s:I}", "purpose", spec->os_purpose, "title",
                             spec->os_title ? spec->os_title : "", "user",
                             spec->os_user ? spec->os_user : "root", "timeout_us",
                             (json_int_t)spec->os_timeout_us);
    char hash[65];

    if (spec->os_cleanup) {
        cjson_sha256_bytes(spec->os_cleanup, strlen(spec->os_cleanup), hash);
        json_object_set_new(body, "cleanup_sha256", json_string(hash));
    }
    if (spec->os_msg)
        return body;
    if (spec->os_script) {
        cjson_sha256_bytes(spec->os_script, strlen(spec->os_script), hash);
        json_object_set_new(body, "script_sha256", json_string(hash));
    } else {
        json_object_set_new(body, "argv", strv_json(spec->os_argv));
    }
    json_object_set_new(
        body, "limits",
        json_pack("{s:I, s:i, s:I}", "memory", (json_int_t)limits.li_memory, "processes",
                  limits.li_processes, "output", (json_int_t)limits.li_output));
    return body;
}

json_t *order_message(const OrderSpec *spec, const PlanLimits *limits)
{
    json_t *msg =
        json_pack("{s:s, s:s, s:I, s:I, s:I, s:i}", "k", "order", "user",
                  spec->os_user ? spec->os_user : "root", "timeout_ms",
                  (json_int_t)(spec->os_timeout_us / 1000), "out_max",
                  (json_int_t)limits->li_output, "mem_kb",
                  (json_int_t)(limits->li_memory / 1024), "procs", limits->li_processes);

    if (spec->os_script)
        json_object_set_new(msg, "script", json_string(spec->os_script));
    else
        json_object_set_new(msg, "argv", strv_json(spec->os_argv));
    if (spec->os_env)
        json_object_set_new(msg, "env", env_json(spec->os_env));
    if (strcmp(spec->os_purpose, ORDER_ATTACK) == 0)
        json_object_set_new(msg, "purpose", json_string("attack"));
    if (spec->os_cleanup)
        json_object_set_new(msg, "cleanup", json_string(spec->os_cleanup));
    /* A line holds 64 KiB: two long scripts do not fit, and the attack goes alone. */
    if (spec->os_cleanup && json_dumpb(msg, NULL, 0, JSON_COMPACT) > MESSAGE_MAX)
        json_object_del(msg, "cleanup");
    return msg;
}
