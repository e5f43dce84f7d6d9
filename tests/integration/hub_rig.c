#include "tests/integration/hub_rig.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void record_clear(gpointer record)
{
    g_free(((RigRecord *)record)->text);
}

static void on_process(pid_t pid, int status, gpointer data)
{
    Rig *rig = data;

    if (pid) {
        rig->rg_ups++;
        return;
    }
    rig->rg_downs++;
    rig->rg_status = status;
}

static void on_record(const struct hub_head *head, const void *body, const void *tail,
                      gpointer data)
{
    Rig *rig = data;
    RigRecord record;

    rig->rg_count++;
    if (rig->rg_forget)
        return;
    memset(&record, 0, sizeof(record));
    record.head = *head;
    memcpy(&record.body, body,
           MIN(sizeof(record.body), (gsize)hub_record_fixed(head->rc_type)));
    record.text = g_strndup(tail ? tail : "", head->rc_len);
    g_array_append_val(rig->rg_records, record);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
}

char *rig_path(const Rig *rig, guint host)
{
    return g_strdup_printf("%s/%u.sock", rig->rg_dir, host);
}

void rig_start(Rig *rig, const char *program, guint n)
{
    static const HubLinkCallbacks callbacks = {on_process, on_record};
    static const struct timeval tick = {0, 10 * 1000};
    g_autoptr(GError) error = NULL;
    uid_t uid = geteuid() == 0 ? RIG_UID : geteuid();
    gid_t gid = geteuid() == 0 ? RIG_UID : getegid();

    memset(rig, 0, sizeof(*rig));
    rig->rg_base = event_base_new();
    rig->rg_tick = event_new(rig->rg_base, -1, EV_PERSIST, on_tick, NULL);
    event_add(rig->rg_tick, &tick);
    rig->rg_records = g_array_new(FALSE, FALSE, sizeof(RigRecord));
    g_array_set_clear_func(rig->rg_records, record_clear);
    rig->rg_dir = g_dir_make_tmp("parry-hub-XXXXXX", NULL);
    rig->rg_link =
        link_new(rig->rg_base, program ? program : PARRY_BINARY_DIR "/bin/parry-hub", uid,
                 gid, n, &callbacks, rig, &error);
    for (guint i = 0; rig->rg_link && !error && i < n; i++) {
        g_autofree char *path = rig_path(rig, i);
        link_listen(rig->rg_link, (int)i, path, geteuid(), 1, &error);
    }
    if (error) {
        fprintf(stderr, "%s\n", error->message);
        abort();
    }
}

void rig_stop(Rig *rig)
{
    link_free(rig->rg_link);
    event_free(rig->rg_tick);
    event_base_free(rig->rg_base);
    g_array_unref(rig->rg_records);
    CU_ASSERT_EQUAL(g_rmdir(rig->rg_dir), 0); /* the sockets are gone */
    g_free(rig->rg_dir);
}

void rig_turn(Rig *rig)
{
    event_base_loop(rig->rg_base, EVLOOP_ONCE);
    if (!rig->rg_hold)
        link_committed(rig->rg_link);
}

guint rig_n(const Rig *rig, guint host, HubRecordType type)
{
    guint n = 0;

    for (guint i = 0; i < rig->rg_records->len; i++) {
        const RigRecord *record = &g_array_index(rig->rg_records, RigRecord, i);
        n += record->head.rc_host == host && record->head.rc_type == type;
    }
    return n;
}

const RigRecord *rig_last(const Rig *rig, guint host, HubRecordType type)
{
    for (guint i = rig->rg_records->len; i > 0; i--) {
        const RigRecord *record = &g_array_index(rig->rg_records, RigRecord, i - 1);
        if (record->head.rc_host == host && record->head.rc_type == type)
            return record;
    }
    return NULL;
}

gboolean rig_order(Rig *rig, guint host, gint64 id, GError **error)
{
    return link_send(rig->rg_link, (int)host,
                     json_pack("{s:s, s:I, s:[s]}", "k", "order", "id", (json_int_t)id,
                               "argv", "true"),
                     error);
}
