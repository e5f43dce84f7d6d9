#include "verify.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Text of an altered journal is anybody's: nothing of it steers a terminal. */
static void make_safe(char *text)
{
    for (unsigned char *c = (unsigned char *)text; *c; c++)
        if (*c < 0x20 || *c == 0x7f || *c >= 0x80)
            *c = '?';
}

static char *format_text(const char *format, va_list args)
{
    char *text = NULL;

    if (vasprintf(&text, format, args) < 0)
        abort(); /* out of memory in a program that only reads: nothing to save */
    make_safe(text);
    return text;
}

void finding(struct verify *v, int64_t seq, const char *format, ...)
{
    va_list args;
    char *text;
    struct finding *all;

    va_start(args, format);
    text = format_text(format, args);
    va_end(args);
    all = reallocarray(v->findings, v->n_findings + 1, sizeof *all);
    if (!all)
        abort();
    v->findings = all;
    v->findings[v->n_findings++] = (struct finding){seq, text};
}

void sql_failed(struct verify *v, int64_t seq, const char *what)
{
    int code = sqlite3_errcode(v->db) & 0xff;

    if (code == SQLITE_CORRUPT) {
        finding(v, seq, "%s: the file is damaged: %s", what, sqlite3_errmsg(v->db));
    } else if (!v->failed) {
        if (asprintf(&v->failed, "%s: %s: %s", v->path, what, sqlite3_errmsg(v->db)) < 0)
            abort();
        make_safe(v->failed);
    }
}

sqlite3_stmt *sql_prepare(struct verify *v, const char *sql)
{
    sqlite3_stmt *stmt = NULL;

    if (sqlite3_prepare_v2(v->db, sql, -1, &stmt, NULL) != SQLITE_OK)
        sql_failed(v, 0, "read");
    return stmt;
}

bool sql_row(struct verify *v, sqlite3_stmt *stmt, int64_t seq, const char *what)
{
    int rc = sqlite3_step(stmt);

    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        sql_failed(v, seq, what);
    return rc == SQLITE_ROW;
}

const char *sql_text(sqlite3_stmt *stmt, int column, size_t *len)
{
    const char *text = (const char *)sqlite3_column_text(stmt, column);

    if (len)
        *len = text ? (size_t)sqlite3_column_bytes(stmt, column) : 0;
    return text ? text : "";
}

/* One value out of a body; where that is no JSON there is none. */
static sqlite3_stmt *extract(struct verify *v, const char *body, const char *path)
{
    sqlite3_stmt *stmt =
        sql_prepare(v, "SELECT CASE WHEN json_valid(?1) THEN json_extract(?1, ?2) END");

    if (!stmt)
        return NULL;
    sqlite3_bind_text(stmt, 1, body, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 2, path, -1, SQLITE_STATIC);
    if (sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_type(stmt, 0) != SQLITE_NULL)
        return stmt;
    sqlite3_finalize(stmt);
    return NULL;
}

char *body_text(struct verify *v, const char *body, const char *path)
{
    sqlite3_stmt *stmt = extract(v, body, path);
    char *text;

    if (!stmt)
        return NULL;
    text = strdup(sql_text(stmt, 0, NULL));
    sqlite3_finalize(stmt);
    return text;
}

int64_t body_int(struct verify *v, const char *body, const char *path, int64_t fallback)
{
    sqlite3_stmt *stmt = extract(v, body, path);
    int64_t value;

    if (!stmt)
        return fallback;
    value = sqlite3_column_type(stmt, 0) == SQLITE_INTEGER ? sqlite3_column_int64(stmt, 0)
                                                           : fallback;
    sqlite3_finalize(stmt);
    return value;
}
