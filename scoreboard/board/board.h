/*
 * The public web scoreboard: one page from this program, kept live by server-sent events.
 * It looks through view.sock as an observer does, and nothing a browser sends is more
 * than a path to look up in a table.
 */
#ifndef PARRY_BOARD_BOARD_H
#define PARRY_BOARD_BOARD_H

#include <event2/event.h>
#include <glib.h>

typedef struct Board Board;

/*
 * Connects to view_path once per language and serves listen_fd (taken over, also on
 * error). `lost` is called when parryd's side ends.
 */
Board *board_new(struct event_base *base, const char *view_path, int listen_fd,
                 void (*lost)(const char *why, gpointer data), gpointer data,
                 GError **error);
void board_free(Board *board);

/* A file that the page is made of, put into the program by the build. */
typedef struct {
    const char *as_path; /* "/board.css" */
    const char *as_type; /* Content-Type */
    const unsigned char *as_bytes;
    gsize as_len;
} BoardAsset;

/* Ends with as_path NULL. */
extern const BoardAsset board_assets[];

#endif
