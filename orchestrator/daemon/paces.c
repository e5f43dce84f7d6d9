#include "orchestrator/daemon/paces.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define VERSION 1
#define SECONDS_MAX ((gint64)1 << 40) /* of a date */

typedef struct {
    gint64 pc_used_s;
    guint pc_n;
    gint64 pc_us[PACES_SAMPLES]; /* the newest last */
} Pace;

struct Paces {
    GHashTable *pa_keys; /* of Pace */
};

G_DEFINE_QUARK(parry - paces - error - quark, paces_error)

Paces *paces_new(void)
{
    Paces *paces = g_new0(Paces, 1);

    paces->pa_keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    return paces;
}

void paces_free(Paces *paces)
{
    if (!paces)
        return;
    g_hash_table_unref(paces->pa_keys);
    g_free(paces);
}

guint paces_count(const Paces *paces)
{
    return g_hash_table_size(paces->pa_keys);
}

static gboolean is_key(const char *key)
{
    gsize len = strnlen(key, PACES_KEY_MAX + 1);

    if (len == 0 || len > PACES_KEY_MAX)
        return FALSE;
    for (gsize i = 0; i < len; i++)
        if (!g_ascii_isprint(key[i]))
            return FALSE;
    return TRUE;
}

static void drop_oldest(Paces *paces)
{
    GHashTableIter iter;
    gpointer key, value;
    const char *oldest = NULL;
    gint64 when = 0;

    g_hash_table_iter_init(&iter, paces->pa_keys);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        const Pace *pace = value;
        if (!oldest || pace->pc_used_s < when ||
            (pace->pc_used_s == when && strcmp(key, oldest) < 0)) {
            oldest = key;
            when = pace->pc_used_s;
        }
    }
    if (oldest)
        g_hash_table_remove(paces->pa_keys, oldest);
}

void paces_add(Paces *paces, const char *key, gint64 us, gint64 now_s)
{
    Pace *pace = g_hash_table_lookup(paces->pa_keys, key);

    if (us < 0 || us > PACES_US_MAX || !is_key(key))
        return;
    if (!pace) {
        if (paces_count(paces) >= PACES_KEYS)
            drop_oldest(paces);
        pace = g_new0(Pace, 1);
        g_hash_table_insert(paces->pa_keys, g_strdup(key), pace);
    }
    if (pace->pc_n == PACES_SAMPLES) {
        memmove(pace->pc_us, pace->pc_us + 1, sizeof(gint64) * (PACES_SAMPLES - 1));
        pace->pc_n--;
    }
    pace->pc_us[pace->pc_n++] = us;
    pace->pc_used_s = MAX(pace->pc_used_s, CLAMP(now_s, 0, SECONDS_MAX));
}

static int by_size(gconstpointer a, gconstpointer b)
{
    gint64 x = *(const gint64 *)a, y = *(const gint64 *)b;

    return x < y ? -1 : x > y;
}

gint64 paces_usual(const Paces *paces, const char *key, guint *samples)
{
    const Pace *pace = g_hash_table_lookup(paces->pa_keys, key);
    gint64 sorted[PACES_SAMPLES];

    if (samples)
        *samples = pace ? pace->pc_n : 0;
    if (!pace || pace->pc_n == 0)
        return -1;
    memcpy(sorted, pace->pc_us, sizeof(gint64) * pace->pc_n);
    qsort(sorted, pace->pc_n, sizeof(gint64), by_size);
    return sorted[pace->pc_n / 2];
}

/* ---- the file ---- */

static gboolean refuse(GError **error, const char *what)
{
    g_set_error(error, PACES_ERROR, EINVAL, "no file of paces: %s", what);
    return FALSE;
}

static gboolean take_entry(Paces *paces, const char *key, const json_t *entry,
                           GError **error)
{
    const json_t *used = json_object_get(entry, "used"),
                 *list = json_object_get(entry, "us"), *us;
    size_t i;

    if (!is_key(key) || !json_is_integer(used) || !json_is_array(list) ||
        json_array_size(list) == 0 || json_array_size(list) > PACES_SAMPLES ||
        json_integer_value(used) < 0 || json_integer_value(used) > SECONDS_MAX)
        return refuse(error, "an entry that is none");
    json_array_foreach (list, i, us) {
        if (!json_is_integer(us) || json_integer_value(us) < 0 ||
            json_integer_value(us) > PACES_US_MAX)
            return refuse(error, "a sample that is none");
        paces_add(paces, key, json_integer_value(us), json_integer_value(used));
    }
    return TRUE;
}

Paces *paces_parse(const char *bytes, gsize len, GError **error)
{
    g_autoptr(Paces) paces = paces_new();
    json_error_t why;
    json_t *json, *keys, *entry;
    const char *key;
    gboolean ok;

    if (len > PACES_FILE_MAX) {
        refuse(error, "it is too large");
        return NULL;
    }
    json = json_loadb(bytes, len, JSON_REJECT_DUPLICATES, &why);
    keys = json_object_get(json, "paces");
    ok = json_is_object(keys) && json_object_size(keys) <= PACES_KEYS &&
         json_integer_value(json_object_get(json, "version")) == VERSION;
    if (!ok)
        refuse(error, json ? "members are missing" : why.text);
    else
        json_object_foreach (keys, key, entry)
            if (!(ok = take_entry(paces, key, entry, error)))
                break;
    json_decref(json);
    return ok ? g_steal_pointer(&paces) : NULL;
}

char *paces_text(const Paces *paces)
{
    json_t *keys = json_object(), *whole;
    GHashTableIter iter;
    gpointer key, value;

    g_hash_table_iter_init(&iter, paces->pa_keys);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        const Pace *pace = value;
        json_t *list = json_array();
        for (guint i = 0; i < pace->pc_n; i++)
            json_array_append_new(list, json_integer(pace->pc_us[i]));
        json_object_set_new(
            keys, key,
            json_pack("{s:I, s:o}", "used", (json_int_t)pace->pc_used_s, "us", list));
    }
    whole = json_pack("{s:i, s:o}", "version", VERSION, "paces", keys);
    char *dumped = json_dumps(whole, JSON_COMPACT | JSON_SORT_KEYS);
    char *text = g_strconcat(dumped, "\n", NULL);
    free(dumped);
    json_decref(whole);
    return text;
}

static char *file_path(const char *home, const char *name)
{
    return g_build_filename(home, "host", name, NULL);
}

Paces *paces_load(const char *home)
{
    g_autofree char *path = file_path(home, "paces.json");
    g_autofree char *bytes = g_malloc(PACES_FILE_MAX + 1);
    g_autoptr(GError) error = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    gsize len = 0;
    ssize_t n = 1;
    Paces *paces;

    while (fd >= 0 && n > 0 && len <= PACES_FILE_MAX) {
        n = read(fd, bytes + len, PACES_FILE_MAX + 1 - len);
        len += n > 0 ? (gsize)n : 0;
    }
    if (fd < 0)
        return paces_new();
    close(fd);
    paces = n < 0 ? NULL : paces_parse(bytes, len, &error);
    if (!paces)
        g_warning("%s: %s; it begins anew", path, error ? error->message : "not read");
    return paces ? paces : paces_new();
}

static void add_all(Paces *paces, const Paces *more)
{
    GHashTableIter iter;
    gpointer key, value;

    g_hash_table_iter_init(&iter, more->pa_keys);
    while (g_hash_table_iter_next(&iter, &key, &value)) {
        const Pace *pace = value;
        for (guint i = 0; i < pace->pc_n; i++)
            paces_add(paces, key, pace->pc_us[i], pace->pc_used_s);
    }
}

gboolean paces_merge(const char *home, const Paces *more, GError **error)
{
    g_autofree char *dir = g_build_filename(home, "host", NULL);
    g_autofree char *path = file_path(home, "paces.json");
    g_autofree char *lock_path = file_path(home, "paces.lock");
    gboolean ok = FALSE;
    int lock;

    if (g_mkdir_with_parents(dir, 0700) < 0 ||
        (lock = open(lock_path, O_CREAT | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600)) < 0) {
        g_set_error(error, PACES_ERROR, errno, "%s: %s", lock_path, g_strerror(errno));
        return FALSE;
    }
    if (flock(lock, LOCK_EX) == 0) {
        g_autoptr(Paces) paces = paces_load(home);
        add_all(paces, more);
        g_autofree char *text = paces_text(paces);
        ok = g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT,
                                      0600, error);
    } else {
        g_set_error(error, PACES_ERROR, errno, "%s: lock: %s", lock_path,
                    g_strerror(errno));
    }
    close(lock);
    return ok;
}
