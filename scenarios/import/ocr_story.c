/* SDL: stories play scripts, scripts play events, events play injects: each play becomes
 * an inject with its time. */
#include "scenarios/import/ocr.h"

#include "scenarios/base/duration.h"

#include <math.h>
#include <string.h>

/* So often an inject is asked for; what no inject comes of counts too. */
#define PLAYS_MAX 10000

/* One play of an event. */
typedef struct {
    const Node *event; /* its definition, or NULL */
    gint64 at;         /* -1: no script plays it */
} Play;

/* --- one inject --- */

/* The sides of its teams: TRUE where all of them are blue. */
static gboolean all_blue(Ocr *ocr, const json_t *to)
{
    json_t *teams = import_at(ocr->oc_import, "teams", NULL);

    for (gsize i = 0; i < json_array_size(to); i++) {
        const char *name = json_string_value(json_array_get(to, i));
        const char *side =
            json_string_value(json_object_get(json_object_get(teams, name), "side"));
        if (g_strcmp0(side ? side : name, "blue") != 0)
            return FALSE;
    }
    return TRUE;
}

/* Names of the teams that it goes to, each once; of blue where it names none. */
static json_t *receivers(Ocr *ocr, const Node *definition)
{
    const Node *list = import_get(definition, "to-entities");
    json_t *out = json_array();

    for (guint i = 0; i < node_len(list); i++) {
        const char *team = ocr_find(ocr, OCR_TEAM, node_text(node_at(list, i)));
        gboolean there = FALSE;
        for (gsize n = 0; n < json_array_size(out); n++)
            there |= !g_strcmp0(json_string_value(json_array_get(out, n)), team);
        if (team && !there)
            json_array_append_new(out, json_string(team));
    }
    if (!json_array_size(out))
        json_array_append_new(out, json_string("blue"));
    return out;
}

static char *body_of(const Node *definition)
{
    GString *body = g_string_new(NULL);
    const char *source, *version;

    if (import_get_text(definition, "description"))
        import_paragraph(body, "%s", import_get_text(definition, "description"));
    if (!body->len && import_get_text(definition, "name"))
        import_paragraph(body, "%s", import_get_text(definition, "name"));
    if (!body->len && ocr_source(definition, &source, &version))
        import_paragraph(body, "Package %s%s%s.", source, version ? " " : "",
                         version ? version : "");
    if (!body->len)
        g_string_append(body, "See the notes.");
    return g_string_free(body, FALSE);
}

static json_t *message_of(const char *key, const Node *definition, json_t *to)
{
    const char *name = import_get_text(definition, "name");
    const char *from = import_get_text(definition, "from-entity");
    g_autofree char *body = body_of(definition);
    json_t *message = json_pack("{s:O}", "to", to);

    if (from)
        json_object_set_new(message, "from", import_text(from));
    json_object_set_new(message, "subject", import_text(name ? name : key));
    json_object_set_new(message, "body", import_text(body));
    return message;
}

/* An inject that a node has and the map knows a script for. */
static void put_attack(Ocr *ocr, json_t *inject, const OcrBinding *binding,
                       const Node *definition, const json_t *to)
{
    const char *source = NULL, *version = NULL;

    ocr_source(definition, &source, &version);
    const MapSource *known = import_map_find(ocr->oc_import, source, version);
    if (import_get(definition, "to-entities") && all_blue(ocr, to))
        json_object_set(inject, "for", (json_t *)to);
    if (known->ms_technique)
        json_object_set_new(inject, "technique", json_string(known->ms_technique));
    json_object_set_new(inject, "host", json_string(binding->ob_host));
    json_object_set_new(inject, "attack",
                        json_pack("{s:o}", "run", import_text(known->ms_run)));
    if (binding->ob_user && strcmp(binding->ob_user, "root") != 0)
        json_object_set_new(json_object_get(inject, "attack"), "user",
                            json_string(binding->ob_user));
}

/* When: on its event's conditions, at its time, or by hand. */
static void put_trigger(Ocr *ocr, json_t *inject, const Play *play, gboolean blue,
                        const char *name, GString *notes)
{
    const Node *conditions = import_get(play->event, "conditions");
    g_autofree char *to = g_strdup_printf("injects.%s.when", name);
    json_t *when = blue && conditions ? ocr_condition(ocr, conditions, to) : NULL;

    if (!blue && conditions)
        import_left(ocr->oc_import, conditions,
                    "conditions are judged for blue teams, on their own hosts");
    if (when) {
        json_object_set_new(inject, "when", when);
        if (play->at >= 0) {
            g_autofree char *at = duration_text(play->at);
            import_paragraph(notes, "In the SDL not before %s.", at);
        }
    } else if (play->at >= 0) {
        g_autofree char *at = duration_text(play->at);
        json_object_set_new(inject, "at", json_string(at));
    } else {
        json_object_set_new(inject, "manual", json_true());
    }
}

static void put_inject(Ocr *ocr, const char *key, const Node *definition,
                       const Play *play, const char *name)
{
    Import *import = ocr->oc_import;
    const OcrBinding *binding = g_hash_table_lookup(ocr->oc_bindings, key);
    g_autoptr(GString) notes = g_string_new(NULL);
    json_auto_t *to = receivers(ocr, definition);
    json_t *inject = json_object();
    const char *title = import_get_text(definition, "name");
    const char *about = import_get_text(play->event, "description");

    put_trigger(ocr, inject, play, binding || all_blue(ocr, to), name, notes);
    if (!title)
        title = import_get_text(play->event, "name");
    if (title)
        json_object_set_new(inject, "title", import_text(title));
    if (binding)
        put_attack(ocr, inject, binding, definition, to);
    else
        json_object_set_new(inject, "message", message_of(key, definition, to));
    if (about)
        import_paragraph(notes, "%s", about);
    if (binding && import_get_text(definition, "description"))
        import_paragraph(notes, "%s", import_get_text(definition, "description"));
    json_t *objective = json_array();
    const Node *tlos = import_get(definition, "tlos");
    for (guint i = 0; i < node_len(tlos); i++) {
        const char *tlo = ocr_find(ocr, OCR_TLO, node_text(node_at(tlos, i)));
        if (tlo)
            json_array_append_new(objective, json_string(tlo));
    }
    if (json_array_size(objective))
        json_object_set(inject, "objective", objective);
    json_decref(objective);
    if (notes->len)
        json_object_set_new(inject, "notes", import_text(notes->str));
    json_object_set_new(import_at(import, "injects", NULL), name, inject);
    if (play->at >= 0)
        import_until(import, play->at);
}

/* The inject of that key, played so; its name, to be freed, or NULL. */
static char *play_inject(Ocr *ocr, const char *key, const Play *play)
{
    const Node *definition = ocr_definition(ocr, "injects", key);

    if (!definition || definition->nd_kind != NODE_MAP ||
        g_hash_table_size(ocr->oc_taken[OCR_INJECT]) >= IMPORT_INJECTS_MAX)
        return NULL;
    char *name = import_name(ocr->oc_taken[OCR_INJECT], key, IMPORT_NAME);
    put_inject(ocr, key, definition, play, name);
    if (!ocr_find(ocr, OCR_INJECT, key))
        g_hash_table_insert(ocr->oc_names[OCR_INJECT], g_strdup(key), g_strdup(name));
    return name;
}

/* All injects of an event; the first's name, to be freed, or NULL. */
static char *play_event(Ocr *ocr, const Play *play)
{
    const Node *injects = import_get(play->event, "injects");
    char *first = NULL;

    for (guint i = 0; i < node_len(injects); i++) {
        const Node *item = node_at(injects, i);
        if (++ocr->oc_plays > PLAYS_MAX) {
            import_left(ocr->oc_import, injects, "played more often than is taken");
            break;
        }
        g_autofree char *name =
            node_text(item) ? play_inject(ocr, item->nd_text, play) : NULL;
        if (name)
            import_changed(ocr->oc_import, item,
                           import_to(ocr->oc_import, "injects.%s", name),
                           "played by the event");
        else
            import_left(ocr->oc_import, item,
                        "no inject is named so, or there are more than are taken");
        if (!first)
            first = g_steal_pointer(&name);
    }
    return first;
}

/* --- events --- */

/* Does one of the event's injects have its name for a title? */
static gboolean gave_title(Ocr *ocr, const Node *event)
{
    const Node *injects = import_get(event, "injects");
    const char *name = import_get_text(event, "name");
    json_t *all = import_at(ocr->oc_import, "injects", NULL);

    for (guint i = 0; name && i < node_len(injects); i++) {
        const char *inject = ocr_find(ocr, OCR_INJECT, node_text(node_at(injects, i)));
        json_t *title =
            inject ? json_object_get(json_object_get(all, inject), "title") : NULL;
        if (g_strcmp0(json_string_value(title), name) != 0)
            continue;
        import_taken(ocr->oc_import, import_get(event, "name"), "injects.%s.title",
                     inject);
        return TRUE;
    }
    return FALSE;
}

static void say_event(Ocr *ocr, const Node *event, const char *first)
{
    Import *import = ocr->oc_import;
    g_autofree char *to = first ? g_strdup_printf("injects.%s", first) : NULL;

    import_changed(import, event, to, "an event is the time of its injects");
    if (!gave_title(ocr, event))
        import_left(import, import_get(event, "name"),
                    "its injects have titles of their own");
    if (to && import_get(event, "description"))
        import_changed(import, import_get(event, "description"),
                       import_to(import, "%s.notes", to), "for controllers");
    if (import_get(event, "source"))
        import_left(import, import_get(event, "source"),
                    "a package of another range: nothing shows it");
}

/* One event that a script plays at a time of the story's clock. */
static void play_timed(Ocr *ocr, const Node *entry, const char *key, gint64 time,
                       double speed)
{
    Import *import = ocr->oc_import;
    const Node *event = ocr_definition(ocr, "events", key);
    gboolean seen = event && g_hash_table_contains(import->im_seen, event);
    Play play = {.event = event,
                 .at = (gint64)llround((double)time / speed / G_USEC_PER_SEC) *
                       G_USEC_PER_SEC};

    if (!event || event->nd_kind != NODE_MAP || ++ocr->oc_plays > PLAYS_MAX) {
        import_left(import, entry,
                    event ? "no mapping, or played more often than is taken"
                          : "no event is named so");
        return;
    }
    g_autofree char *first = play_event(ocr, &play);
    if (!seen)
        say_event(ocr, event, first);
    if (!first) {
        import_left(import, entry, "the event has no inject that was taken");
        return;
    }
    json_t *inject = json_object_get(import_at(import, "injects", NULL), first);
    const char *at = json_object_get(inject, "at") ? "at" : "notes";
    const char *to = import_to(import, "injects.%s.%s", first, at);
    if (!strcmp(at, "notes"))
        import_changed(import, entry, to, "its conditions start it, not its time");
    else if (speed == 1)
        import_taken(import, entry, "%s", to);
    else
        import_changed(import, entry, to, "divided by the speed %.6g", speed);
}

/* --- scripts and stories --- */

/* A speed above 0, 1 where there is none. */
static double speed_of(Ocr *ocr, const Node *node, const char *key, gboolean say)
{
    const Node *speed = import_get(node, key);
    gint64 milli;

    if (!speed)
        return 1;
    if (!import_milli(node_text(speed), &milli)) {
        if (say)
            import_left(ocr->oc_import, speed, "no speed above 0: 1");
        return 1;
    }
    if (say)
        import_changed(ocr->oc_import, speed, NULL, "counted into the times of injects");
    return (double)milli / 1000;
}

static void play_script(Ocr *ocr, const Node *script, double story)
{
    Import *import = ocr->oc_import;
    gboolean say = !g_hash_table_contains(import->im_seen, script);
    double speed = story * speed_of(ocr, script, "speed", say);
    const Node *start = import_get(script, "start-time");
    const Node *end = import_get(script, "end-time");
    const Node *events = import_get(script, "events");
    gint64 from = 0, until = 0, time;
    gboolean listed = events && events->nd_kind == NODE_LIST;

    if (say)
        import_changed(import, script, NULL, "a script is the times of its injects");
    gboolean good_start = node_text(start) && import_duration(node_text(start), &from);
    gboolean good_end = node_text(end) && import_duration(node_text(end), &until);
    if (good_end)
        import_until(import, (gint64)((double)until / speed));
    for (guint i = 0; i < node_len(events); i++) {
        const Node *entry = node_at(events, i);
        const char *role;
        const char *key = ocr_entry(events, i, &role);
        if (listed)
            play_timed(ocr, entry, key, from, speed);
        else if (node_text(entry) && import_duration(node_text(entry), &time))
            play_timed(ocr, entry, key, time, speed);
        else
            import_left(import, entry, "no time such as \"30 min\"");
    }
    if (!say)
        return;
    if (good_start)
        import_changed(import, start, NULL,
                       listed ? "all its events come then" : "its events have times");
    else
        import_left(import, start, "no time such as \"30 min\"");
    if (good_end)
        import_changed(import, end, "drill.duration", "the drill lasts so long at least");
    else
        import_left(import, end, "no time such as \"30 min\"");
    import_left(import, import_get(script, "name"), "scripts are not named");
    import_left(import, import_get(script, "description"), "scripts are not named");
}

static void play_story(Ocr *ocr, const Node *story)
{
    Import *import = ocr->oc_import;
    const Node *scripts = import_get(story, "scripts");
    const char *key = import_get(story, "speed") ? "speed" : "clock";
    double speed = speed_of(ocr, story, key, TRUE);

    import_changed(import, story, NULL, "a story is the times of its injects");
    import_left(import, import_get(story, "name"), "stories are not named");
    import_left(import, import_get(story, "description"), "stories are not named");
    for (guint i = 0; i < node_len(scripts); i++) {
        const Node *item = node_at(scripts, i);
        const Node *script = ocr_definition(ocr, "scripts", node_text(item));
        if (!script || script->nd_kind != NODE_MAP || ocr->oc_plays > PLAYS_MAX) {
            import_left(import, item, "no script is named so, or too much is played");
            continue;
        }
        import_changed(import, item, NULL, "its events' times are counted");
        play_script(ocr, script, speed);
    }
}

static void play_stories(Ocr *ocr)
{
    const Node *stories = import_get(ocr->oc_root, "stories");
    const Node *scripts = import_get(ocr->oc_root, "scripts");

    for (guint i = 0; i < node_len(stories) && stories->nd_kind == NODE_MAP; i++)
        if (ocr_is_map(ocr, node_at(stories, i)))
            play_story(ocr, node_at(stories, i));
    for (guint i = 0; i < node_len(scripts) && scripts->nd_kind == NODE_MAP; i++) {
        if (g_hash_table_contains(ocr->oc_used, node_at(scripts, i)) ||
            !ocr_is_map(ocr, node_at(scripts, i)))
            continue;
        import_added(ocr->oc_import, "injects",
                     "no story plays the script \"%s\": played at its own speed",
                     node_key_at(scripts, i));
        play_script(ocr, node_at(scripts, i), 1);
    }
}

/* Events and injects that nothing plays are there for controllers. */
static void play_rest(Ocr *ocr)
{
    const Node *events = import_get(ocr->oc_root, "events");
    const Node *injects = import_get(ocr->oc_root, "injects");

    for (guint i = 0; i < node_len(events) && events->nd_kind == NODE_MAP; i++) {
        const Node *event = node_at(events, i);
        if (g_hash_table_contains(ocr->oc_used, event) || !ocr_is_map(ocr, event))
            continue;
        Play play = {.event = event, .at = -1};
        g_autofree char *first = play_event(ocr, &play);
        say_event(ocr, event, first);
        import_added(ocr->oc_import, "injects",
                     "no script plays the event \"%s\": its conditions or a controller "
                     "start it",
                     node_key_at(events, i));
    }
    for (guint i = 0; i < node_len(injects) && injects->nd_kind == NODE_MAP; i++) {
        const Node *inject = node_at(injects, i);
        if (g_hash_table_contains(ocr->oc_used, inject) || !ocr_is_map(ocr, inject))
            continue;
        Play play = {.at = -1};
        g_autofree char *name = play_inject(ocr, node_key_at(injects, i), &play);
        if (name)
            import_added(ocr->oc_import, import_to(ocr->oc_import, "injects.%s", name),
                         "no event plays it: a controller starts it");
    }
}

/* --- what became of the definitions --- */

static void say_receivers(Ocr *ocr, const Node *definition, const char *to)
{
    const Node *list = import_get(definition, "to-entities");

    for (guint i = 0; i < node_len(list); i++) {
        const Node *item = node_at(list, i);
        const char *team = ocr_find(ocr, OCR_TEAM, node_text(item));
        if (team && !strcmp(team, item->nd_text))
            import_taken(ocr->oc_import, item, "%s", to);
        else if (team)
            import_changed(ocr->oc_import, item, to, "the team is named \"%s\"", team);
        else
            import_left(ocr->oc_import, item, "no entity is named so");
    }
}

static void say_inject(Ocr *ocr, const char *key, const Node *definition,
                       const char *name)
{
    Import *import = ocr->oc_import;
    json_t *inject = json_object_get(import_at(import, "injects", NULL), name);
    gboolean attack = json_object_get(inject, "attack") != NULL;
    gboolean has_for = json_object_get(inject, "for") != NULL;
    g_autofree char *to = g_strdup_printf("injects.%s", name);
    g_autofree char *objective = g_strconcat(to, ".objective", NULL);
    g_autofree char *receiver =
        g_strconcat(to, attack ? (has_for ? ".for" : "") : ".message.to", NULL);

    if (!strcmp(key, name))
        import_taken(import, definition, "%s", to);
    else
        import_changed(import, definition, to, "its name is \"%s\" now", name);
    import_taken(import, import_get(definition, "name"), "%s.title", to);
    import_taken(import, import_get(definition, "description"), "%s",
                 attack ? import_to(import, "%s.notes", to)
                        : import_to(import, "%s.message.body", to));
    if (attack)
        import_left(import, import_get(definition, "from-entity"),
                    "an attack runs in red's or white's name: see `by`");
    else
        import_taken(import, import_get(definition, "from-entity"), "%s.message.from",
                     to);
    say_receivers(ocr, definition, receiver);
    json_decref(ocr_refs(ocr, OCR_TLO, import_get(definition, "tlos"), objective));
    const Node *source = import_get(definition, "source");
    if (attack)
        import_changed(import, source, import_to(import, "%s.attack.run", to),
                       "the map says what stands for it");
    else
        import_left(import, source, "a package of another range: it is told, not done");
    if (attack && source)
        import_covers(import, source);
    import_left(import, import_get(definition, "capabilities"),
                "a training objective names its capability");
    import_left(import, import_get(definition, "environment"),
                "an inject's script has Parry's environment");
}

void ocr_stories(Ocr *ocr)
{
    const Node *injects = import_get(ocr->oc_root, "injects");

    play_stories(ocr);
    play_rest(ocr);
    for (guint i = 0; i < node_len(injects) && injects->nd_kind == NODE_MAP; i++) {
        const char *key = node_key_at(injects, i);
        const char *name = ocr_find(ocr, OCR_INJECT, key);
        if (name)
            say_inject(ocr, key, node_at(injects, i), name);
    }
}
