/*
 * parry-verify: was this journal altered?
 *
 * Exit status: 0 nothing was altered; 1 something was, and the first bad event is named;
 * 2 it could not be read, or the command line was wrong.
 */
#include "verify.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EXIT_SOUND, EXIT_ALTERED, EXIT_UNREAD };

static const char USAGE[] =
    "usage: parry-verify [--key KEY] [--root SIZE:HEX] [--json] JOURNAL\n"
    "\n"
    "Checks a drill's journal (journal.db, or the folder it stands in): the chain of "
    "hashes, "
    "gaps,\ncheck rows, observations, texts, signed checkpoints, and the triggers that "
    "refuse "
    "changes.\n"
    "\n"
    "  --key KEY         verifier key that was kept elsewhere (name+hash+base64)\n"
    "  --root SIZE:HEX   root over the first SIZE events, as a report or scoreboard said "
    "it\n"
    "  --json            the result as one JSON object\n"
    "\n"
    "exit status: 0 sound, 1 altered, 2 could not be read\n";

/* The finding with the lowest event; those of no event come after. */
static const struct finding *first_finding(const struct verify *v)
{
    const struct finding *first = NULL;

    for (size_t i = 0; i < v->n_findings; i++) {
        const struct finding *other = &v->findings[i];

        if (!first || (other->seq && (!first->seq || other->seq < first->seq)))
            first = other;
    }
    return first;
}

static size_t points_holding(const struct verify *v)
{
    size_t n = 0;

    for (size_t i = 0; i < v->n_points; i++)
        n += v->points[i].holds && v->points[i].sound;
    return n;
}

static void print_finding(const struct finding *found)
{
    if (found->seq)
        printf("  event %lld: %s\n", (long long)found->seq, found->text);
    else
        printf("  %s\n", found->text);
}

static void print_text(const struct verify *v)
{
    const struct finding *first = first_finding(v);

    printf("journal      %s\n", v->path);
    if (v->name)
        printf("drill        %s, %s\n", v->name, v->uuid ? v->uuid : "");
    printf("events       %lld\n", (long long)v->events);
    printf("root         %lld:%s\n", (long long)v->events, v->root);
    printf("check rounds %lld with %lld rows\n", (long long)v->rounds,
           (long long)v->rows);
    printf(
        "observations %lld in %lld batches, of which %lld erased; %lld gaps, %lld lost\n",
        (long long)v->observed, (long long)v->batches, (long long)v->observed_erased,
        (long long)v->gaps, (long long)v->lost);
    printf("texts        %lld, of which %lld erased\n", (long long)v->blobs,
           (long long)v->erased);
    printf("checkpoints  %zu of %zu signed and holding", points_holding(v), v->n_points);
    if (v->n_points)
        printf(", the newest over %lld events",
               (long long)v->points[v->n_points - 1].size);
    printf("\nkey          %s%s\n",
           v->key          ? v->key
           : v->public_key ? v->public_key
                           : "none",
           v->key || !v->public_key ? "" : "  (the journal's own word: compare it)");
    if (!first) {
        printf("SOUND: nothing was altered\n");
        return;
    }
    printf("ALTERED: %zu finding%s; the first:\n", v->n_findings,
           v->n_findings > 1 ? "s" : "");
    print_finding(first);
    for (size_t i = 0, shown = 0; i < v->n_findings && shown < FINDINGS_SHOWN; i++)
        if (&v->findings[i] != first) {
            print_finding(&v->findings[i]);
            shown++;
        }
    if (v->n_findings > FINDINGS_SHOWN + 1)
        printf("  … and %zu more\n", v->n_findings - FINDINGS_SHOWN - 1);
}

/* ---- JSON: SQLite writes it, for it is linked already ---- */

static char *json_findings(const struct verify *v, sqlite3 *memory)
{
    sqlite3_stmt *stmt = NULL;
    char *list = strdup("[]");

    sqlite3_prepare_v2(
        memory, "SELECT json_insert(?1, '$[#]', json_object('seq', ?2, 'text', ?3))", -1,
        &stmt, NULL);
    for (size_t i = 0; i < v->n_findings; i++) {
        sqlite3_bind_text(stmt, 1, list, -1, SQLITE_TRANSIENT);
        sqlite3_bind_int64(stmt, 2, v->findings[i].seq);
        sqlite3_bind_text(stmt, 3, v->findings[i].text, -1, SQLITE_STATIC);
        if (sqlite3_step(stmt) == SQLITE_ROW) {
            free(list);
            list = strdup(sql_text(stmt, 0, NULL));
        }
        sqlite3_reset(stmt);
    }
    sqlite3_finalize(stmt);
    return list;
}

static void print_json(const struct verify *v)
{
    const struct finding *first = first_finding(v);
    sqlite3 *memory = NULL;
    sqlite3_stmt *stmt = NULL;
    char *list;

    sqlite3_open(":memory:", &memory);
    list = json_findings(v, memory);
    sqlite3_prepare_v2(
        memory,
        "SELECT json_object('ok', json(?1), 'drill', ?2, 'uuid', ?3, 'events',"
        " ?4, 'root', ?5, 'rounds', ?6, 'rows', ?7, 'texts', ?8, 'erased', ?9,"
        " 'checkpoints', ?10, 'holding', ?11, 'first_bad', ?12, 'findings',"
        " json(?13), 'batches', ?14, 'observations', ?15, 'observations_erased', ?16,"
        " 'gaps', ?17, 'lost', ?18)",
        -1, &stmt, NULL);
    sqlite3_bind_text(stmt, 1, v->n_findings ? "false" : "true", -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 2, v->name, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 3, v->uuid, -1, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 4, v->events);
    sqlite3_bind_text(stmt, 5, v->root, -1, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 6, v->rounds);
    sqlite3_bind_int64(stmt, 7, v->rows);
    sqlite3_bind_int64(stmt, 8, v->blobs);
    sqlite3_bind_int64(stmt, 9, v->erased);
    sqlite3_bind_int64(stmt, 10, (int64_t)v->n_points);
    sqlite3_bind_int64(stmt, 11, (int64_t)points_holding(v));
    sqlite3_bind_int64(stmt, 14, v->batches);
    sqlite3_bind_int64(stmt, 15, v->observed);
    sqlite3_bind_int64(stmt, 16, v->observed_erased);
    sqlite3_bind_int64(stmt, 17, v->gaps);
    sqlite3_bind_int64(stmt, 18, v->lost);
    if (first && first->seq)
        sqlite3_bind_int64(stmt, 12, first->seq);
    sqlite3_bind_text(stmt, 13, list, -1, SQLITE_STATIC);
    if (sqlite3_step(stmt) == SQLITE_ROW)
        puts(sql_text(stmt, 0, NULL));
    sqlite3_finalize(stmt);
    sqlite3_close(memory);
    free(list);
}

/* ---- opening ---- */

/* A folder stands for the journal in it. */
static char *journal_path(const char *given)
{
    struct stat st;
    char *path = NULL;

    if (stat(given, &st) == 0 && S_ISDIR(st.st_mode)) {
        if (asprintf(&path, "%s/journal.db", given) < 0)
            abort();
        return path;
    }
    return strdup(given);
}

/* "file:PATH?immutable=1" with what a URI cannot hold written out. */
static char *immutable_uri(const char *path)
{
    static const char tail[] = "?immutable=1";
    char *uri = malloc(5 + 3 * strlen(path) + sizeof tail), *at;

    if (!uri)
        abort();
    at = uri + snprintf(uri, 6, "file:");
    for (const char *c = path; *c; c++)
        at += snprintf(at, 4, strchr("?#%", *c) ? "%%%02x" : "%c", (unsigned char)*c);
    memcpy(at, tail, sizeof tail);
    return uri;
}

static bool try_open(struct verify *v, const char *name, int flags)
{
    sqlite3_close(v->db);
    v->db = NULL;
    /* The transaction keeps one state of it in sight, while a drill may write on. */
    return sqlite3_open_v2(name, &v->db, SQLITE_OPEN_READONLY | flags, NULL) ==
               SQLITE_OK &&
           sqlite3_exec(v->db, "BEGIN; SELECT count(*) FROM sqlite_schema", NULL, NULL,
                        NULL) == SQLITE_OK;
}

static void open_journal(struct verify *v)
{
    char *uri, *wal = NULL;
    struct stat st;

    if (access(v->path, R_OK) < 0) {
        if (asprintf(&v->failed, "%s: %s", v->path, strerror(errno)) < 0)
            abort();
        return;
    }
    if (try_open(v, v->path, 0))
        return;
    /* An archive on a medium that cannot be written: no WAL is left to be read. */
    if (asprintf(&wal, "%s-wal", v->path) < 0)
        abort();
    uri = immutable_uri(v->path);
    if ((stat(wal, &st) < 0 || st.st_size == 0) && try_open(v, uri, SQLITE_OPEN_URI)) {
        free(uri);
        free(wal);
        return;
    }
    free(uri);
    free(wal);
    sql_failed(v, 0, "open");
    if (!v->failed)
        v->failed = strdup("the file is too damaged to be opened");
}

static void run(struct verify *v)
{
    static void (*const checks[])(struct verify *) = {
        check_schema,   check_points, check_chain, check_rounds,
        check_observed, check_blobs,  check_resets};

    open_journal(v);
    for (size_t i = 0; i < sizeof checks / sizeof checks[0] && !v->failed; i++)
        checks[i](v);
}

static void clear(struct verify *v)
{
    sqlite3_close(v->db);
    for (size_t i = 0; i < v->n_findings; i++)
        free(v->findings[i].text);
    free(v->findings);
    free(v->points);
    free(v->name);
    free(v->uuid);
    free(v->public_key);
    free(v->failed);
}

/* "SIZE:HEX" */
static bool read_root(struct verify *v, const char *text)
{
    uint8_t digest[HASH_LEN];
    char *end;

    errno = 0;
    v->want_size = strtoll(text, &end, 10);
    if (errno || v->want_size <= 0 || *end != ':' || !hex_read(end + 1, digest, HASH_LEN))
        return false;
    memcpy(v->want_root, end + 1, HEX_LEN + 1);
    return true;
}

static int usage(const char *why)
{
    if (why)
        fprintf(stderr, "parry-verify: %s\n", why);
    fputs(USAGE, stderr);
    return EXIT_UNREAD;
}

static int report(struct verify *v, bool json)
{
    if (v->failed) {
        fprintf(stderr, "parry-verify: %s\n", v->failed);
        return EXIT_UNREAD;
    }
    if (json)
        print_json(v);
    else
        print_text(v);
    return v->n_findings ? EXIT_ALTERED : EXIT_SOUND;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"key", required_argument, NULL, 'k'}, {"root", required_argument, NULL, 'r'},
        {"json", no_argument, NULL, 'j'},      {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},   {NULL, 0, NULL, 0},
    };
    struct verify v = {0};
    bool json = false;
    char *path;
    int c, status;

    while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (c == 'k')
            v.key = optarg;
        else if (c == 'r' && !read_root(&v, optarg))
            return usage("--root wants SIZE:HEX, the hex being 64 digits");
        else if (c == 'j')
            json = true;
        else if (c == 'V')
            return puts("parry-verify " PARRY_VERSION) < 0 ? EXIT_UNREAD : EXIT_SOUND;
        else if (c == 'h')
            return fputs(USAGE, stdout) < 0 ? EXIT_UNREAD : EXIT_SOUND;
        else if (c == '?')
            return usage(NULL);
    }
    if (argc - optind != 1)
        return usage("give one journal");
    path = journal_path(argv[optind]);
    v.path = path;
    run(&v);
    status = report(&v, json);
    clear(&v);
    free(path);
    return status;
}
