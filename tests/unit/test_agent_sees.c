/*
 * What the agent makes of the kernel's words: audit records (recorded in real guests, in
 * data/audit) to events, arguments to masked text, tables of accounts to names.
 */
#include "agents/agent/audit_parse.h"
#include "agents/agent/mask.h"
#include "agents/agent/notice.h"
#include "agents/agent/text.h"
#include "tests/unit/cunit_main.h"

#include <linux/audit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- masking ---- */

/* Arguments divided by '|' here, by NUL there. */
static const char *masked(const struct mask *mask, const char *args, int cut, size_t size)
{
    static char out[1200];
    char raw[4096];
    size_t len = strlen(args) + 1;

    memcpy(raw, args, len);
    for (size_t i = 0; i < len; i++)
        if (raw[i] == '|')
            raw[i] = '\0';
    mask_args(mask, raw, len, cut, out, size);
    return out;
}

static void test_masked(void)
{
    static const char *const cases[][2] = {
        {"ls|-l|/srv", "ls -l /srv"},
        {"echo|two words|it's", "echo 'two words' 'it'\\''s'"},
        {"echo|", "echo ''"},
        {"x|--password|hunter2|y", "x --password *** y"},
        {"x|--password=hunter2|y", "x --password=*** y"},
        {"x|--pin|1234", "x --pin ***"},
        {"x|--pinned|1234", "x --pinned 1234"},
        {"env|DB_PASSWORD=a|MODE=b|sh", "env DB_PASSWORD=*** MODE=b sh"},
        {"curl|-u|joe:pw|http://h/", "curl -u *** http://h/"},
        {"curl|-ujoe:pw|http://h/", "curl -u*** http://h/"},
        {"wget|ftp://joe:pw@h/x", "wget ftp://joe:***@h/x"},
        {"/usr/bin/mysql|-psecret|-uroot", "/usr/bin/mysql -p*** -uroot"},
        {"grep|-psecret", "grep -psecret"},
        {"sshpass|-p|pw|ssh|h", "sshpass -p *** ssh h"},
        {"sh|-c|mysql -psecret; echo --token abc end",
         "sh -c 'mysql -p***; echo --token *** end'"},
        {"sh|-c|echo root:pw ; chpasswd", "sh -c 'echo root:*** ; chpasswd'"},
        {"curl|-H|Authorization: Bearer abc", "curl -H 'Authorization: Bearer ***'"},
        {"x|\x1b[2J\x01", "x '?[2J?'"},
        {"x|\xe8\xa1\x9b\xff", "x '\xe8\xa1\x9b?'"},
    };
    const struct mask mask = {.options = {"--pin"}, .n = 1};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *out = masked(&mask, cases[i][0], 0, 1025);
        if (strncmp(out, cases[i][1], strlen(cases[i][1])) != 0)
            fprintf(stderr, "\n%s: %s, not %s\n", cases[i][0], out, cases[i][1]);
        CU_ASSERT_EQUAL(strncmp(out, cases[i][1], strlen(cases[i][1])), 0);
        CU_ASSERT_PTR_NULL(strstr(out, "hunter2"));
        CU_ASSERT_PTR_NULL(strstr(out, "secret;"));
    }
}

/* Whatever the size, the text ends, is UTF-8, and says when it is not whole. */
static void test_masked_sizes(void)
{
    const char *args =
        "program|\xe8\xa1\x9b\xe8\xa1\x9b|an 'argument'|--password=xyz|end";

    for (size_t size = 8; size < 120; size++) {
        const char *out = masked(NULL, args, 0, size);
        char again[1200];
        CU_ASSERT(strlen(out) < size);
        CU_ASSERT_PTR_NULL(strstr(out, "xyz"));
        text_printable(again, sizeof(again), out, strlen(out));
        CU_ASSERT_STRING_EQUAL(out, again);
        CU_ASSERT((strstr(out, "end") != NULL) != (strstr(out, "\xe2\x80\xa6") != NULL));
    }
    CU_ASSERT_STRING_EQUAL(masked(NULL, "ls|-l", 1, 100), "ls -l\xe2\x80\xa6");
}

/* ---- audit ---- */

struct told {
    int n;
    char text[65536];
    size_t len;
};

static void say(struct told *t, const char *name, const char *value)
{
    if (value[0])
        t->len += (size_t)snprintf(t->text + t->len, sizeof(t->text) - t->len, " %s=%s",
                                   name, value);
}

static void say_number(struct told *t, const char *name, int64_t value)
{
    if (value != -1)
        t->len += (size_t)snprintf(t->text + t->len, sizeof(t->text) - t->len, " %s=%lld",
                                   name, (long long)value);
}

static void on_event(void *arg, const struct audit_event *e)
{
    struct told *t = arg;
    char args[1025];

    t->n++;
    if (t->len > sizeof(t->text) - 4096)
        return;
    t->len += (size_t)snprintf(t->text + t->len, sizeof(t->text) - t->len, "%d", e->type);
    mask_args(NULL, e->raw, e->raw_len, e->raw_cut, args, sizeof(args));
    say_number(t, "syscall", e->syscall);
    say_number(t, "success", e->success);
    say_number(t, "pid", e->pid);
    say_number(t, "ppid", e->ppid);
    say_number(t, "uid", e->uid);
    say_number(t, "auid", e->auid);
    say_number(t, "opid", e->opid);
    say(t, "exe", e->exe);
    say(t, "cwd", e->cwd);
    say(t, "args", args);
    say(t, "acct", e->acct);
    say(t, "unit", e->unit);
    say(t, "table", e->table);
    say(t, "op", e->op);
    say(t, "terminal", e->terminal);
    say(t, "ocomm", e->ocomm);
    t->len += (size_t)snprintf(t->text + t->len, sizeof(t->text) - t->len, "\n");
}

static void feed(struct audit_parse *p, int type, const char *text)
{
    audit_parse_feed(p, type, text, strlen(text));
}

/* A file of records, "TYPE TEXT" a line, against what is expected of it. */
static void run_file(const char *name)
{
    char path[256], line[16384];
    struct told t = {0};
    struct audit_parse *p = audit_parse_new(on_event, &t);

    snprintf(path, sizeof(path), "%s/tests/unit/data/audit/%s", PARRY_SOURCE_DIR, name);
    FILE *f = fopen(path, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    while (fgets(line, sizeof(line), f)) {
        char *text;
        int type = (int)strtol(line, &text, 10);
        line[strcspn(line, "\n")] = '\0';
        feed(p, type, text + 1);
    }
    fclose(f);
    audit_parse_flush(p, 0);
    CU_ASSERT_EQUAL(audit_parse_bad(p), 0);
    audit_parse_free(p);
    snprintf(path, sizeof(path), "%s/tests/unit/data/audit/%s.expect", PARRY_SOURCE_DIR,
             name);
    if (getenv("PARRY_WRITE_EXPECT")) {
        f = fopen(path, "w");
        CU_ASSERT_PTR_NOT_NULL_FATAL(f);
        fputs(t.text, f);
        fclose(f);
    }
    char *expected = text_read_file(path, sizeof(t.text), NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(expected);
    if (strcmp(expected, t.text) != 0)
        fprintf(stderr, "\n%s:\n%s", name, t.text);
    CU_ASSERT_STRING_EQUAL(expected, t.text);
    free(expected);
}

static void test_recorded(void)
{
    run_file("micro");
    run_file("debian");
}

#define STAMP(n) "audit(1700000000.123:" #n "): "

/* Events of two processors come woven into each other. */
static void test_woven(void)
{
    struct told t = {0};
    struct audit_parse *p = audit_parse_new(on_event, &t);

    feed(p, AUDIT_SYSCALL,
         STAMP(1) "arch=c000003e syscall=59 success=yes pid=10 uid=0 "
                  "auid=4294967295 ses=4294967295 exe=\"/bin/a\"");
    feed(p, AUDIT_SYSCALL,
         STAMP(2) "arch=c000003e syscall=59 success=yes pid=11 uid=0 "
                  "auid=1000 exe=2F62696E2F612062");
    feed(p, AUDIT_EXECVE, STAMP(1) "argc=2 a0=\"a\" a1=6120C3A9");
    feed(p, AUDIT_EXECVE, STAMP(2) "argc=1 a0=\"b\"");
    feed(p, AUDIT_EOE, STAMP(2));
    feed(p, AUDIT_CWD, STAMP(1) "cwd=\"/root\"");
    CU_ASSERT_EQUAL(t.n, 1);
    feed(p, AUDIT_EOE, STAMP(1));
    feed(p, AUDIT_EOE, STAMP(1)); /* late: no event of its own */
    CU_ASSERT_STRING_EQUAL(
        t.text, "1300 syscall=59 success=1 pid=11 uid=0 auid=1000 exe=/bin/a b args=b\n"
                "1300 syscall=59 success=1 pid=10 uid=0 exe=/bin/a cwd=/root args=a 'a "
                "\xc3\xa9'\n");
    CU_ASSERT_EQUAL(audit_parse_missing(p), 0);
    feed(p, 1112, STAMP(7) "pid=1");
    CU_ASSERT_EQUAL(audit_parse_missing(p), 4);
    feed(p, 1112, STAMP(4) "pid=1");
    CU_ASSERT_EQUAL(audit_parse_missing(p), 3);
    audit_parse_free(p);
}

/* Long arguments come in parts, and are kept up to a limit. */
static void test_long_arguments(void)
{
    struct told t = {0};
    struct audit_parse *p = audit_parse_new(on_event, &t);
    char line[9000] = STAMP(5) "a2=\"";

    feed(p, AUDIT_EXECVE, STAMP(5) "argc=3 a0=\"sh\" a1_len=6 a1[0]=\"abc\"");
    feed(p, AUDIT_EXECVE, STAMP(5) "a1[1]=\"def\"");
    size_t head = strlen(line);
    memset(line + head, 'x', 4000);
    memcpy(line + head + 4000, "\"", 2);
    feed(p, AUDIT_EXECVE, line);
    feed(p, AUDIT_EOE, STAMP(5));
    CU_ASSERT_PTR_NOT_NULL(strstr(t.text, "args=sh abcdef xxxx"));
    CU_ASSERT_PTR_NOT_NULL(strstr(t.text, "x\xe2\x80\xa6\n"));
    audit_parse_free(p);
}

/* Ends that never come: the oldest is told when there are too many, all at a flush. */
static void test_without_end(void)
{
    struct told t = {0};
    struct audit_parse *p = audit_parse_new(on_event, &t);
    char line[64];

    for (int i = 1; i <= 10 * AUDIT_PENDING_MAX; i++) {
        snprintf(line, sizeof(line), "audit(1700000000.123:%d): pid=%d", i, i);
        feed(p, AUDIT_SYSCALL, line);
    }
    CU_ASSERT_EQUAL(t.n, 9 * AUDIT_PENDING_MAX);
    CU_ASSERT_EQUAL(audit_parse_missing(p), 0);
    audit_parse_flush(p, AUDIT_PENDING_MAX / 2);
    CU_ASSERT_EQUAL(t.n, 9 * AUDIT_PENDING_MAX + AUDIT_PENDING_MAX / 2);
    audit_parse_flush(p, 0);
    CU_ASSERT_EQUAL(t.n, 10 * AUDIT_PENDING_MAX);
    feed(p, AUDIT_EOE, "audit(1700000000.123:5000): "); /* of an event that was lost */
    CU_ASSERT_EQUAL(audit_parse_missing(p), 0);
    audit_parse_free(p);
}

static void test_no_records(void)
{
    static const char *const bad[] = {
        "",
        "audit",
        "audit(",
        "audit()",
        "audit(1.2)",
        "audit(1.2:)",
        "audit(1.2:3",
        "audit(-1.2:3): pid=1",
        "audit(1.2:-3): pid=1",
        "audit(1.2:3x): pid=1",
        "audit(99999999999999999999.1:1): pid=1",
        "audit(1700000000.1000:1): pid=1",
        "pid=1 audit(1.2:3)",
    };
    struct told t = {0};
    struct audit_parse *p = audit_parse_new(on_event, &t);

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        feed(p, AUDIT_SYSCALL, bad[i]);
    audit_parse_flush(p, 0);
    CU_ASSERT_EQUAL(t.n, 0);
    CU_ASSERT_EQUAL(audit_parse_bad(p), sizeof(bad) / sizeof(bad[0]));
    audit_parse_free(p);
}

/* What a program says cannot pass for what the kernel says before it. */
static void test_first_counts(void)
{
    struct told t = {0};
    struct audit_parse *p = audit_parse_new(on_event, &t);

    feed(p, 1112,
         STAMP(8) "pid=7 uid=0 auid=1000 ses=3 msg='op=login acct=\"joe\" "
                  "pid=1 auid=0 exe=\"/usr/sbin/sshd\" hostname=? addr=10.0.0.9 "
                  "terminal=ssh res=failed'");
    CU_ASSERT_STRING_EQUAL(t.text,
                           "1112 success=0 pid=7 uid=0 auid=1000 exe=/usr/sbin/sshd "
                           "acct=joe op=login terminal=ssh\n");
    audit_parse_free(p);
}

/* ---- notice ---- */

static void test_kinds(void)
{
    static const struct {
        const char *path;
        enum wire_what what;
    } cases[] = {
        {"/etc/passwd", WIRE_SAW_ACCOUNT},
        {"/etc/passwd-", WIRE_SAW_FILE},
        {"/etc/passwd.lock", WIRE_SAW_FILE},
        {"/etc/sudoers.d/x", WIRE_SAW_ACCOUNT},
        {"/etc/cron.d/x", WIRE_SAW_CRON},
        {"/var/spool/cron/crontabs/root", WIRE_SAW_CRON},
        {"/etc/systemd/system/x.service", WIRE_SAW_UNIT},
        {"/home/joe/.ssh/authorized_keys", WIRE_SAW_KEY},
        {"/etc/ssh/sshd_config", WIRE_SAW_KEY},
        {"/etc/hosts", WIRE_SAW_FILE},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        CU_ASSERT_EQUAL(notice_kind(cases[i].path), cases[i].what);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"arguments are quoted and masked", test_masked},
        {"arguments that do not fit", test_masked_sizes},
        {"records of real guests", test_recorded},
        {"events woven into each other", test_woven},
        {"long arguments", test_long_arguments},
        {"events without an end", test_without_end},
        {"what is no record", test_no_records},
        {"the kernel's word counts first", test_first_counts},
        {"what files mean", test_kinds},
        CU_TEST_INFO_NULL,
    };

    return cunit_main("what the agent sees", tests);
}
