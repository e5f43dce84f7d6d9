/*
 * How long the loader takes: for a scenario of 10,000 lines in several files, with
 * parameters, defaults, secrets and references, and for one that makes 500 hosts, its
 * plan printed too. Beside each what libyaml alone takes to read the same bytes, in the
 * same run. Prints figures, judges nothing; what is aimed at stands beside them.
 *
 *   bench-scenario [ROUNDS]     default 20
 *   bench-scenario --write DIR  writes the long scenario's files there
 */
#include "scenarios/plan.h"
#include "scenarios/plan_text.h"
#include "tests/bench/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <yaml.h>

#define LINES 10000

typedef struct {
    GString *bs_top, *bs_teams, *bs_estates, *bs_injects;
} Files;

static void make_top(GString *out)
{
    g_string_append(
        out,
        "parry: 1\n"
        "includes: [teams.yaml, estates.yaml, injects.yaml]\n"
        "parameters:\n"
        "  pace: {type: duration, default: 20m, doc: Time to report}\n"
        "  greeting: {default: Welcome to the department}\n"
        "defaults:\n"
        "  host: {image: server, memory: 384M}\n"
        "  check: {every: 60s, deadline: 5s}\n"
        "  inject: {jitter: 2m}\n"
        "secrets:\n"
        "  admin: {kind: password, length: 14}\n"
        "  portal: {kind: port, from: 20000, to: 29999}\n"
        "  token: {kind: text, length: 32, alphabet: hex}\n"
        "  c2: {kind: address, network: internet}\n"
        "drill:\n"
        "  name: bench\n"
        "  title: {en: A long scenario, zh-Hant: 長的劇本}\n"
        "  start: 2026-11-13T09:00\n"
        "  timezone: Asia/Hong_Kong\n"
        "  duration: 60h\n"
        "scope: {max-risk: changes-state, allow: [T1491, T1110]}\n"
        "networks:\n"
        "  internet: {cidr: 198.18.0.0/15}\n"
        "images:\n"
        "  server: {base: debian/bookworm, packages: [nginx-light, openssh-server]}\n");
}

static void make_teams(GString *out, int blue)
{
    g_string_append(out, "teams:\n  red: {side: red, estate: attackers}\n");
    for (int i = 0; i < blue; i++)
        g_string_append_printf(out,
                               "  dept-%d:\n"
                               "    side: blue\n"
                               "    title: {en: Department %d, zh-Hant: 第%d部門}\n"
                               "    estate: office\n",
                               i, i, i);
}

static void make_estates(GString *out, int hosts)
{
    g_string_append(out, "estates:\n"
                         "  attackers: {hosts: {box: {nics: {internet: auto}}}}\n"
                         "  office:\n"
                         "    networks: {lan: {cidr: 10.10.0.0/16}}\n"
                         "    hosts:\n"
                         "      referee: {owner: white, nics: {lan: 250}}\n");
    for (int i = 1; i < hosts; i++)
        g_string_append_printf(
            out,
            "      web-%d:\n"
            "        nics: {lan: auto}\n"
            "        dns: www%d\n"
            "        users:\n"
            "          webmaster: {password: \"${secret.admin}\"}\n"
            "        files:\n"
            "          - path: /var/www/html/index.html\n"
            "            content: |\n"
            "              ${param.greeting}: ${team.title} (${team.number})\n"
            "              <a href=\"http://${host.web-%d.address}/\">Start</a>\n"
            "          - {path: /etc/token, content: \"${secret.token}\", mode: "
            "\"0600\"}\n",
            i, i, i);
    g_string_append(out, "    checks:\n");
    for (int i = 1; i < hosts; i++)
        g_string_append_printf(out,
                               "      web-%d-up:\n"
                               "        host: web-%d\n"
                               "        from: referee\n"
                               "        http: {path: /, status: 200, body: Start}\n"
                               "        weight: 3\n",
                               i, i);
}

static void make_inject(GString *out, int n, int teams, int hosts)
{
    g_string_append_printf(
        out,
        "  deface-%d:\n"
        "    at: %dm\n"
        "    title: {en: Front page changed, zh-Hant: 首頁遭竄改}\n"
        "    for: [dept-%d]\n"
        "    technique: T1491.002\n"
        "    host: web-%d\n"
        "    attack:\n"
        "      run: |\n"
        "        echo \"Owned, ${team.title}\" > /var/www/html/index.html\n"
        "        logger -t web \"page %d of ${team.id} changed\"\n"
        "      cleanup: rm -f /tmp/deface-%d\n"
        "      effect: {file: {path: /tmp/deface-%d, sha256: exists}}\n"
        "    indicators: [/var/www/html/index.html]\n"
        "    expect:\n"
        "      prevent: {points: 100}\n"
        "      detect: {within: 20m, points: 100}\n"
        "  letter-%d:\n"
        "    at: %dm\n"
        "    message:\n"
        "      to: dept-%d\n"
        "      subject: {en: What happened, zh-Hant: 發生了甚麼事}\n"
        "      body: |\n"
        "        Dear ${team.title},\n"
        "        tell us what happened to page %d. The portal is on ${secret.portal}.\n"
        "      answer-within: ${param.pace}\n"
        "    expect: {answer: {within: 1h, points: 20}}\n",
        n, 10 + n * 5, n % teams, 1 + n % (hosts - 1), n, n, n, n, 12 + n * 5, n % teams,
        n);
}

static int lines_of(const GString *text)
{
    int n = 0;

    for (const char *p = text->str; (p = strchr(p, '\n')); p++)
        n++;
    return n;
}

static int all_lines(const Files *files)
{
    return lines_of(files->bs_top) + lines_of(files->bs_teams) +
           lines_of(files->bs_estates) + lines_of(files->bs_injects);
}

/* Injects until there are so many lines, or so many of them. */
static Files make_files(int teams, int hosts, int lines, int injects)
{
    Files files = {g_string_new(NULL), g_string_new(NULL), g_string_new(NULL),
                   g_string_new("injects:\n")};

    make_top(files.bs_top);
    make_teams(files.bs_teams, teams);
    make_estates(files.bs_estates, hosts);
    int before = all_lines(&files), each = 0;
    for (int i = 0; i < injects && before + i * each < lines; i++) {
        make_inject(files.bs_injects, i, teams, hosts);
        each = (all_lines(&files) - before) / (i + 1);
    }
    return files;
}

static void free_files(Files *files)
{
    g_string_free(files->bs_top, TRUE);
    g_string_free(files->bs_teams, TRUE);
    g_string_free(files->bs_estates, TRUE);
    g_string_free(files->bs_injects, TRUE);
}

static GBytes *read_file(const char *path, gpointer data, GError **error)
{
    const Files *files = data;
    const GString *text = !strcmp(path, "teams.yaml")     ? files->bs_teams
                          : !strcmp(path, "estates.yaml") ? files->bs_estates
                          : !strcmp(path, "injects.yaml") ? files->bs_injects
                                                          : NULL;

    if (text)
        return g_bytes_new_static(text->str, text->len);
    g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_NOENT, "no such file");
    return NULL;
}

static Plan *load(Files *files)
{
    PlanOptions options = {.po_read = read_file, .po_data = files};
    g_autoptr(ParryDiags) diags = parry_diags_new();
    Plan *plan = plan_load_bytes_with("bench.yaml", "/nowhere", files->bs_top->str,
                                      files->bs_top->len, &options, diags);
    g_autofree char *text = parry_diags_text(diags, FALSE);

    if (!plan)
        g_error("%.2000s", text);
    return plan;
}

static double cpu_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void parse_bare(const GString *text)
{
    yaml_parser_t parser;
    yaml_event_type_t type = YAML_NO_EVENT;

    yaml_parser_initialize(&parser);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text->str, text->len);
    while (type != YAML_STREAM_END_EVENT) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event))
            g_error("libyaml: %s", parser.problem);
        type = event.type;
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
}

static double bare_ms(const Files *files)
{
    double start = cpu_ms();

    parse_bare(files->bs_top);
    parse_bare(files->bs_teams);
    parse_bare(files->bs_estates);
    parse_bare(files->bs_injects);
    return cpu_ms() - start;
}

static double median(double *times, int rounds)
{
    qsort(times, (gsize)rounds, sizeof *times, by_value);
    return times[rounds / 2];
}

static void bench(const char *what, Files *files, int rounds, const char *aim)
{
    g_autofree double *bare = g_new(double, rounds), *times = g_new(double, rounds);
    g_autofree double *shown = g_new(double, rounds);
    const PlanHere here = {.hr_accel = "qemu", .hr_cores = 2};
    guint hosts = 0, injects = 0;

    for (int i = 0; i < rounds; i++) {
        bare[i] = bare_ms(files);
        double start = cpu_ms();
        g_autoptr(Plan) plan = load(files);
        times[i] = cpu_ms() - start;
        g_autofree char *text = plan_text(plan, &here, "en", 0);
        shown[i] = cpu_ms() - start;
        hosts = plan->p_hosts->len;
        injects = plan->p_injects->len;
    }
    double alone = median(bare, rounds), checked = median(times, rounds);
    printf(
        "%-16s %5d lines %4u hosts %5u injects: libyaml alone %5.1f ms, checked %5.1f "
        "ms (%.1f times, least %.1f ms), planned and printed %5.1f ms; CPU, medians of "
        "%d (aim: %s)\n",
        what, all_lines(files), hosts, injects, alone, checked, checked / alone, times[0],
        median(shown, rounds), rounds, aim);
}

static int write_files(const Files *files, const char *dir)
{
    const struct {
        const char *name;
        const GString *text;
    } all[] = {{"bench.yaml", files->bs_top},
               {"teams.yaml", files->bs_teams},
               {"estates.yaml", files->bs_estates},
               {"injects.yaml", files->bs_injects}};

    for (gsize i = 0; i < G_N_ELEMENTS(all); i++) {
        g_autofree char *path = g_build_filename(dir, all[i].name, NULL);
        if (!g_file_set_contents(path, all[i].text->str, -1, NULL)) {
            fprintf(stderr, "%s: cannot be written\n", path);
            return 1;
        }
    }
    return 0;
}

int main(int argc, char **argv)
{
    Files large = make_files(12, 20, LINES, LINES);
    Files wide = make_files(50, 10, LINES, 200);
    int rounds = argc == 2 ? atoi(argv[1]) : 20, status = 0;

    if (argc == 3 && !strcmp(argv[1], "--write"))
        status = write_files(&large, argv[2]);
    else if (rounds > 0) {
        g_autofree char *yaml = g_strdup_printf("libyaml %s", yaml_get_version_string());
        machine_print(yaml);
        bench("a long scenario", &large, rounds, "50 ms");
        bench("500 hosts", &wide, rounds, "200 ms");
    }
    free_files(&large);
    free_files(&wide);
    return status;
}
