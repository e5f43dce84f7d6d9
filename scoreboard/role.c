/*
 * The one table of roles: what each may see and do.
 */
#include "scoreboard/view.h"

#include <string.h>

#define WHITE (MAY_SEE_ALL | MAY_SEE_OWN | MAY_SEE_PUBLIC)
#define PLAYER (MAY_SEE_OWN | MAY_SEE_PUBLIC | MAY_TERMINAL | MAY_ASK)

static const struct {
    const char *name;
    unsigned may;
} ROLES[] = {
    [ROLE_DIRECTOR] = {"director", WHITE | MAY_RUN | MAY_STOP | MAY_JUDGE | MAY_ORDER |
                                       MAY_TERMINAL | MAY_REPORT | MAY_CLAIM},
    [ROLE_CONTROLLER] = {"controller", WHITE | MAY_RUN | MAY_STOP},
    [ROLE_JUDGE] = {"judge", WHITE | MAY_JUDGE},
    [ROLE_RANGE_OP] = {"range-op", WHITE | MAY_STOP | MAY_ORDER | MAY_TERMINAL},
    [ROLE_SAFETY] = {"safety", WHITE | MAY_STOP},
    [ROLE_EVALUATOR] = {"evaluator", WHITE},
    [ROLE_RED] = {"red", PLAYER | MAY_CLAIM},
    [ROLE_BLUE] = {"blue", PLAYER | MAY_REPORT},
    [ROLE_GREEN] = {"green", MAY_SEE_OWN | MAY_SEE_PUBLIC},
    [ROLE_OBSERVER] = {"observer", MAY_SEE_PUBLIC},
    [ROLE_NOBODY] = {"nobody", MAY_BIND},
};

const char *role_name(Role role)
{
    return (gsize)role < G_N_ELEMENTS(ROLES) ? ROLES[role].name : "nobody";
}

gboolean role_parse(const char *name, Role *role)
{
    for (gsize i = 0; i < G_N_ELEMENTS(ROLES); i++)
        if (strcmp(name, ROLES[i].name) == 0) {
            *role = (Role)i;
            return TRUE;
        }
    return FALSE;
}

gboolean role_may(Role role, Permission permission)
{
    return (gsize)role < G_N_ELEMENTS(ROLES) &&
           (ROLES[role].may & permission) == permission;
}
