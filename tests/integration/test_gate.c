/*
 * parry-gate seen by OpenSSH's own client, with a made-up parryd behind it.
 */
#include "tests/integration/gate_parryd.h"
#include "tests/unit/cunit_main.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libssh/libssh.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static Rig *rig;

static RigRun run(const char *key, const char *user, const char *const *options,
                  const char *command, const char *input)
{
    return rig_run(rig_ssh(rig, key, user, options, command), input);
}

static RigRun command(const char *line)
{
    return run("right", "health", NULL, line, NULL);
}

static gboolean has(const GString *text, const char *part)
{
    if (strstr(text->str, part))
        return TRUE;
    g_printerr("expected \"%s\" in: %s\n", part, text->str);
    return FALSE;
}

static void test_login(void)
{
    RigSeen before = rig_seen(rig);
    RigRun r = command("hosts");

    CU_ASSERT_EQUAL(r.rr_exit, 0);
    CU_ASSERT(has(r.rr_out, "web"));
    CU_ASSERT(has(r.rr_out, "10.10.1.10"));
    CU_ASSERT_PTR_NULL(strchr(r.rr_out->str, '\r'));
    rig_run_clear(&r);
    RigSeen after = rig_seen(rig);
    CU_ASSERT_EQUAL(after.rs_binds, before.rs_binds + 1);
    CU_ASSERT(after.rs_whois >= before.rs_whois + 2); /* probe and signature */
}

static void test_refused(void)
{
    static const char *const password[] = {"-o",
                                           "PreferredAuthentications=password,"
                                           "keyboard-interactive,none,hostbased",
                                           NULL};
    RigSeen before = rig_seen(rig);
    RigRun r = run("wrong", "health", NULL, "hosts", NULL);

    CU_ASSERT_EQUAL(r.rr_exit, 255);
    CU_ASSERT(has(r.rr_err, "Permission denied"));
    CU_ASSERT_EQUAL(r.rr_out->len, 0);
    rig_run_clear(&r);
    r = run("right", "lands", NULL, "hosts", NULL);
    CU_ASSERT_EQUAL(r.rr_exit, 255);
    rig_run_clear(&r);
    r = run("right", "health;reboot", NULL, "hosts", NULL);
    CU_ASSERT_EQUAL(r.rr_exit, 255);
    rig_run_clear(&r);
    r = run("right", "health", password, "hosts", NULL);
    CU_ASSERT_EQUAL(r.rr_exit, 255);
    CU_ASSERT(has(r.rr_err, "(publickey)"));
    rig_run_clear(&r);
    CU_ASSERT_EQUAL(rig_seen(rig).rs_binds, before.rs_binds);
}

/* Who asks for a session without having said who they are gets none (CVE-2018-10933). */
static void test_without_login(void)
{
    RigSeen before = rig_seen(rig);
    unsigned int port = rig_port(rig);
    long patience_s = 3;
    bool no = false;
    ssh_session session = ssh_new();

    ssh_options_set(session, SSH_OPTIONS_HOST, "127.0.0.1");
    ssh_options_set(session, SSH_OPTIONS_PORT, &port);
    ssh_options_set(session, SSH_OPTIONS_USER, "health");
    ssh_options_set(session, SSH_OPTIONS_PROCESS_CONFIG, &no);
    ssh_options_set(session, SSH_OPTIONS_TIMEOUT, &patience_s);
    CU_ASSERT_EQUAL_FATAL(ssh_connect(session), SSH_OK);
    ssh_channel channel = ssh_channel_new(session);
    CU_ASSERT_NOT_EQUAL(ssh_channel_open_session(channel), SSH_OK);
    ssh_free(session);
    RigSeen after = rig_seen(rig);
    CU_ASSERT_EQUAL(after.rs_whois, before.rs_whois);
    CU_ASSERT_EQUAL(after.rs_binds, before.rs_binds);
}

static void test_other_host(void)
{
    RigSeen before = rig_seen(rig);
    RigRun r = command("shell lands/web");

    CU_ASSERT_EQUAL(r.rr_exit, 1);
    CU_ASSERT(has(r.rr_out, "lands/web is not one of your team's hosts"));
    rig_run_clear(&r);
    CU_ASSERT_EQUAL(rig_seen(rig).rs_opens, before.rs_opens);
}

static void test_commands(void)
{
    RigRun r = command("score");
    CU_ASSERT_EQUAL(r.rr_exit, 0);
    CU_ASSERT(has(r.rr_out, "7691.8"));
    rig_run_clear(&r);
    r = command("board");
    CU_ASSERT_EQUAL(r.rr_exit, 0);
    CU_ASSERT(has(r.rr_out, "7,691.8"));
    rig_run_clear(&r);
    r = command("inbox");
    CU_ASSERT(has(r.rr_out, "Suspicious mail"));
    CU_ASSERT(has(r.rr_out, "answer brief TEXT"));
    rig_run_clear(&r);
    r = command("format c:");
    CU_ASSERT_EQUAL(r.rr_exit, 1);
    CU_ASSERT(has(r.rr_out, "help"));
    rig_run_clear(&r);
    r = command("report web");
    CU_ASSERT_EQUAL(r.rr_exit, 1);
    CU_ASSERT(has(r.rr_out, "report HOST TIME INDICATOR"));
    rig_run_clear(&r);
    r = run("right", "health", NULL, NULL, "score\nnonsense\nscore\n");
    CU_ASSERT(has(r.rr_out, "7691.8"));
    CU_ASSERT_EQUAL(r.rr_exit, 0); /* of the last line */
    rig_run_clear(&r);
}

static void test_reports(void)
{
    RigRun r = command("report web 10m 203.0.113.9 defaced by them");

    CU_ASSERT_EQUAL(r.rr_exit, 0);
    CU_ASSERT(has(r.rr_out, "4711"));
    rig_run_clear(&r);
    RigSeen seen = rig_seen(rig);
    CU_ASSERT_EQUAL(seen.rs_about_us, RIG_CLOCK_US - 600 * G_USEC_PER_SEC);
    CU_ASSERT_STRING_EQUAL(seen.rs_text, "web|203.0.113.9|defaced by them");
    r = command("report web 17:45:30 T1491.002");
    CU_ASSERT_EQUAL(r.rr_exit, 0);
    rig_run_clear(&r);
    CU_ASSERT_EQUAL(rig_seen(rig).rs_about_us, G_GINT64_CONSTANT(63930) * G_USEC_PER_SEC);
    r = command("report web yesterday x");
    CU_ASSERT_EQUAL(r.rr_exit, 1);
    rig_run_clear(&r);
    r = command("answer brief we looked at it");
    CU_ASSERT_EQUAL(r.rr_exit, 0);
    rig_run_clear(&r);
    CU_ASSERT_STRING_EQUAL(rig_seen(rig).rs_text, "brief|we looked at it");
}

/* Nothing is asked for before a yes that follows what it costs. */
static void test_resets(void)
{
    RigSeen before = rig_seen(rig);
    RigRun r = command("resets");

    CU_ASSERT_EQUAL(r.rr_exit, 0);
    CU_ASSERT(has(r.rr_out, "50.0"));
    CU_ASSERT(has(r.rr_out, "no reset of health/mail is left"));
    CU_ASSERT(has(r.rr_out, "left to your team: 2"));
    CU_ASSERT(has(r.rr_out, "01:00:00"));
    CU_ASSERT_PTR_NULL(strchr(r.rr_out->str, 033));
    rig_run_clear(&r);
    r = command("reset web the page is gone");
    CU_ASSERT_EQUAL(r.rr_exit, 1);
    CU_ASSERT(has(r.rr_out, "Points it costs: 50.0. Left before it: 1."));
    CU_ASSERT(has(r.rr_out, "void"));
    CU_ASSERT(has(r.rr_out, "reset web yes REASON"));
    rig_run_clear(&r);
    r = command("reset mail yes now");
    CU_ASSERT_EQUAL(r.rr_exit, 1);
    CU_ASSERT(has(r.rr_out, "no reset of health/mail is left"));
    rig_run_clear(&r);
    r = command("reset lands/web yes now");
    CU_ASSERT_EQUAL(r.rr_exit, 1);
    CU_ASSERT(has(r.rr_out, "not one of your own hosts"));
    rig_run_clear(&r);
    r = run("right", "health", NULL, NULL, "reset web gone\nno\nreset web gone\nyes\n");
    CU_ASSERT(has(r.rr_out, "Nothing was asked for."));
    CU_ASSERT(has(r.rr_out, "Asked, number 4713. White decides"));
    rig_run_clear(&r);
    CU_ASSERT_EQUAL(rig_seen(rig).rs_reports, before.rs_reports + 1);
    CU_ASSERT_STRING_EQUAL(rig_seen(rig).rs_text, "web|gone|50000");
    r = command("reset web yes the page is gone");
    CU_ASSERT_EQUAL(r.rr_exit, 0);
    rig_run_clear(&r);
    CU_ASSERT_STRING_EQUAL(rig_seen(rig).rs_text, "web|the page is gone|50000");
}

static void test_hostile_text(void)
{
    RigRun r = command("events");

    CU_ASSERT_EQUAL(r.rr_exit, 0);
    CU_ASSERT(has(r.rr_out, "hostile"));
    CU_ASSERT_PTR_NULL(strchr(r.rr_out->str, 033));
    CU_ASSERT_PTR_NULL(strchr(r.rr_out->str, 007));
    CU_ASSERT_PTR_NULL(strstr(r.rr_out->str, "\xc2\x9b"));
    CU_ASSERT_PTR_NULL(strstr(r.rr_out->str, "\xe2\x80\xae"));
    rig_run_clear(&r);
    r = command("inbox");
    CU_ASSERT_PTR_NULL(strchr(r.rr_out->str, 033));
    rig_run_clear(&r);
}

static void test_language(void)
{
    static const char *const chinese[] = {"-o", "SetEnv=LANG=zh_HK.UTF-8", NULL};
    RigRun r = run("right", "health", chinese, "help", NULL);

    CU_ASSERT_EQUAL(r.rr_exit, 0);
    CU_ASSERT(has(r.rr_out, "可用指令"));
    rig_run_clear(&r);
}

static void test_big_output(void)
{
    RigRun r = run("right", "health", NULL, "shell web", "big\nexit 3\n");
    static const char welcome[] = "welcome to web\r\n";

    CU_ASSERT_EQUAL(r.rr_exit, 3);
    CU_ASSERT_EQUAL(r.rr_out->len, strlen(welcome) + RIG_BIG);
    CU_ASSERT(g_str_has_prefix(r.rr_out->str, welcome));
    gsize wrong = 0;
    for (gsize i = 0; i + strlen(welcome) < r.rr_out->len; i++)
        wrong += r.rr_out->str[i + strlen(welcome)] != rig_pattern(i);
    CU_ASSERT_EQUAL(wrong, 0);
    rig_run_clear(&r);
    CU_ASSERT(rig_seen(rig).rs_outstanding_max <= RIG_CREDIT);
}

static void test_terminal(void)
{
    static const char *const tty_options[] = {"-tt", NULL};
    RigSeen before = rig_seen(rig);
    RigTty tty = rig_tty(rig_ssh(rig, "right", "health", tty_options, NULL), 100, 30);

    CU_ASSERT(rig_tty_expect(&tty, "Department of Health"));
    CU_ASSERT(rig_tty_expect(&tty, "health> "));
    CU_ASSERT(rig_tty_expect(&tty, "a message for you"));
    /* editing: a wrong word wiped by Ctrl-U, a wide character by backspace */
    rig_tty_type(&tty, "nonsense\025sz\x7f"
                       "core 衞\x7f\r");
    CU_ASSERT(rig_tty_expect(&tty, "7691.8"));
    rig_tty_type(&tty, "shell web\r");
    CU_ASSERT(rig_tty_expect(&tty, "welcome to web"));
    rig_tty_type(&tty, "size\r");
    CU_ASSERT(rig_tty_expect(&tty, "100x30"));
    rig_tty_resize(&tty, 123, 45);
    for (gint64 end = g_get_monotonic_time() + RIG_PATIENCE_US;
         rig_seen(rig).rs_cols != 123 && g_get_monotonic_time() < end;)
        g_usleep(10000);
    rig_tty_type(&tty, "size\r");
    CU_ASSERT(rig_tty_expect(&tty, "123x45"));
    rig_tty_type(&tty, "a~.b\r"); /* no escape in the middle of a line */
    CU_ASSERT(rig_tty_expect(&tty, "got:a~.b"));
    rig_tty_type(&tty, "\035");
    CU_ASSERT(rig_tty_expect(&tty, "left"));
    CU_ASSERT(rig_tty_expect(&tty, "health> "));
    rig_tty_type(&tty, "shell web\r");
    CU_ASSERT(rig_tty_expect(&tty, "welcome to web"));
    rig_tty_type(&tty, "exit 0\r");
    CU_ASSERT(rig_tty_expect(&tty, "health> "));
    rig_tty_type(&tty, "quit\r");
    CU_ASSERT_EQUAL(rig_tty_end(&tty), 0);
    RigSeen after = rig_seen(rig);
    CU_ASSERT_EQUAL(after.rs_opens, before.rs_opens + 2);
    CU_ASSERT_EQUAL(after.rs_closes, before.rs_closes + 1);
}

static void test_no_more_than_a_session(void)
{
    static const char *const remote[] = {
        "-o", "ExitOnForwardFailure=yes", "-N", "-R", "0:127.0.0.1:1", NULL};
    static const char *const through[] = {"-W", "127.0.0.1:22", NULL};
    static const char *const sftp[] = {"-s", NULL};
    RigRun r = run("right", "health", remote, NULL, NULL);

    CU_ASSERT_EQUAL(r.rr_exit, 255);
    CU_ASSERT(has(r.rr_err, "remote port forwarding failed"));
    rig_run_clear(&r);
    r = run("right", "health", through, NULL, NULL);
    CU_ASSERT_EQUAL(r.rr_exit, 255);
    CU_ASSERT(has(r.rr_err, "forwarding failed"));
    rig_run_clear(&r);
    r = run("right", "health", sftp, "sftp", NULL);
    CU_ASSERT(r.rr_exit != 0);
    CU_ASSERT(has(r.rr_err, "subsystem request failed"));
    rig_run_clear(&r);
}

static void test_killed_connection(void)
{
    static const char *const tty_options[] = {"-tt", NULL};
    CU_ASSERT(rig_wait_children(rig, 0));
    RigTty tty = rig_tty(rig_ssh(rig, "right", "health", tty_options, NULL), 80, 24);

    CU_ASSERT(rig_tty_expect(&tty, "health> "));
    g_autoptr(GArray) pids = rig_children(rig);
    CU_ASSERT_EQUAL_FATAL(pids->len, 1);
    kill(g_array_index(pids, int, 0), SIGKILL);
    CU_ASSERT_EQUAL(rig_tty_end(&tty), 255);
    RigRun r = command("hosts"); /* nobody else has noticed */
    CU_ASSERT_EQUAL(r.rr_exit, 0);
    rig_run_clear(&r);
}

static void test_parryd_gone(void)
{
    static const char *const tty_options[] = {"-tt", NULL};
    RigTty tty = rig_tty(rig_ssh(rig, "right", "health", tty_options, NULL), 80, 24);

    CU_ASSERT(rig_tty_expect(&tty, "health> "));
    rig_stop_parryd(rig);
    CU_ASSERT(rig_tty_expect(&tty, "log in again"));
    CU_ASSERT_EQUAL(rig_tty_end(&tty), 255);
    RigRun r = command("hosts");
    CU_ASSERT_EQUAL(r.rr_exit, 255);
    rig_run_clear(&r);
}

/* ---- the door ---- */

static int dial(guint16 port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CU_ASSERT_EQUAL_FATAL(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

/* Whether the other side ends the connection in time, whatever it says before. */
static gboolean ends(int fd)
{
    gint64 deadline = g_get_monotonic_time() + RIG_PATIENCE_US;
    struct pollfd entry = {.fd = fd, .events = POLLIN};
    char bytes[1024];

    while (g_get_monotonic_time() < deadline)
        if (poll(&entry, 1, 100) > 0 && read(fd, bytes, sizeof(bytes)) <= 0)
            return TRUE;
    return FALSE;
}

static void test_door(void)
{
    static const char *const extra[] = {
        "--max-per-address", "2", "--login-grace", "3", "--tries", "2", NULL};
    Rig *small = rig_new(extra);
    int first = dial(rig_port(small)), second = dial(rig_port(small));

    CU_ASSERT(rig_wait_children(small, 2));
    int third = dial(rig_port(small));
    CU_ASSERT(ends(third));
    CU_ASSERT_EQUAL(write(first, "GET / HTTP/1.0\r\n\r\n", 18), 18);
    CU_ASSERT(ends(first));  /* speaks no ssh */
    CU_ASSERT(ends(second)); /* says nothing within the grace */
    CU_ASSERT(rig_wait_children(small, 0));
    RigRun r = rig_run(rig_ssh(small, "right", "health", NULL, "hosts"), NULL);
    CU_ASSERT_EQUAL(r.rr_exit, 0);
    rig_run_clear(&r);
    /* The right key in third place comes too late. */
    g_autofree char *wrong = rig_key(small, "wrong"), *other = rig_key(small, "other");
    g_autofree char *right = rig_key(small, "right");
    const char *const keys[] = {"-i", other, "-i", wrong, "-i", right, NULL};
    r = rig_run(rig_ssh(small, NULL, "health", keys, "hosts"), NULL);
    CU_ASSERT_EQUAL(r.rr_exit, 255);
    CU_ASSERT_EQUAL(rig_seen(small).rs_binds, 1);
    rig_run_clear(&r);
    close(first);
    close(second);
    close(third);
    rig_free(small);
}

int main(void)
{
    CU_TestInfo tests[] = {
        {"the right key comes in", test_login},
        {"everything else is refused", test_refused},
        {"no session without a login", test_without_login},
        {"another team's host is refused", test_other_host},
        {"commands", test_commands},
        {"reports and answers", test_reports},
        {"a reset is asked for after a yes", test_resets},
        {"hostile text is stripped", test_hostile_text},
        {"the player's language", test_language},
        {"1 MB of output comes whole, within credit", test_big_output},
        {"a prompt, a shell, a window that changes", test_terminal},
        {"no forwarding, no subsystem", test_no_more_than_a_session},
        {"a killed connection is nobody else's loss", test_killed_connection},
        {"connections are bounded, in number and time", test_door},
        {"parryd goes away", test_parryd_gone},
        CU_TEST_INFO_NULL,
    };
    g_autofree char *ssh = g_find_program_in_path("ssh");
    g_autofree char *keygen = g_find_program_in_path("ssh-keygen");

    if (!ssh || !keygen) {
        printf("skipped: no ssh or ssh-keygen (Debian: apt install openssh-client)\n");
        return 77;
    }
    signal(SIGPIPE, SIG_IGN);
    rig = rig_new(NULL);
    int status = cunit_main("gate", tests);
    rig_free(rig);
    return status;
}
