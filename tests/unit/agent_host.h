/*
 * The host's side for tests of the agent: starts the real program, speaks the protocol
 * with it and waits, with a deadline, for what it says.
 */
#ifndef PARRY_TESTS_AGENT_HOST_H
#define PARRY_TESTS_AGENT_HOST_H

#include "agents/wire/frame.h"
#include "agents/wire/queue.h"

#include <sys/types.h>

/* A loaded machine is slow; nothing waits for this to pass. */
#define HOST_WAIT_MS 20000

/* A message that came, and whether a test has taken it. */
struct heard {
    struct heard *next;
    struct wire_msg m;
    bool taken;
};

struct host {
    pid_t pid;
    int fd;       /* to the agent, -1: none */
    int listener; /* of --socket, -1: none */
    char dir[64]; /* of the state and the socket; removed by host_stop */
    struct wire_queue *queue;
    struct frame_reader reader;
    struct heard *first, *last;
    int64_t epoch;
    int64_t inst;       /* of the last hello */
    int64_t credit;     /* in welcome */
    int64_t deadman_ms; /* likewise, from the next welcome on */
    bool grant;         /* give back what streams used, as a consumer would */
    int hellos;
    int bad_lines;
    int64_t stream_bytes; /* data of out and pty, repeats included */
};

/* Called in the child before it becomes the agent: its namespaces, its limits. NULL:
 * nothing. */
extern void (*host_before_agent)(void);

/* The agent that is started; the one of this build unless a test says otherwise. */
extern const char *host_agent;

/* Starts the agent over a socket pair (or, with socket, over a UNIX socket, which allows
 * host_drop) and waits for its hello. False when it does not come. */
bool host_start(struct host *h, bool socket);

/* Listens at dir/agent.sock for an agent that somebody else starts. False on failure. */
bool host_listen(struct host *h);

/* Starts only the agent again, with the state that the last one left. */
bool host_start_agent(struct host *h);

/* Ends the connection, waits for the agent and frees all. Returns its exit status, or
 * -1 when it was killed by a signal or did not end. */
int host_stop(struct host *h);

/* Kills the agent and reaps it. */
void host_kill_agent(struct host *h);

/* Breaks the connection off in the middle of whatever is under way, throwing away up to
 * lose bytes that were to be read; the agent comes back by itself. */
void host_drop(struct host *h, size_t lose);

/* Queues m and writes what can be written. */
void host_send(struct host *h, const struct wire_msg *m);

/* Writes bytes as they are. */
void host_write(struct host *h, const char *bytes, size_t n);

/* The first message of this kind and id (0: any) that no test has taken; waits for it.
 * NULL when it does not come. Owned by h. */
const struct wire_msg *host_wait(struct host *h, enum wire_kind kind, int64_t id);

/* Handles traffic for this many ms, however little there is. */
void host_pump(struct host *h, int ms);

/* Whether such a message is there; does not wait. */
bool host_has(const struct host *h, enum wire_kind kind, int64_t id);

/* What came of id on this stream (0: a terminal), one after the other, NUL after it; to
 * be freed. */
char *host_data(const struct host *h, int64_t id, int stream, size_t *len);

/* Sends a script as an order and waits for its result. */
const struct wire_msg *host_order(struct host *h, int64_t id, const char *script);

#endif
