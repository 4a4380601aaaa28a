/* One downstream connection of the upstream, and the two parts that work on it. */
#ifndef BENCH_CONNECTION_H
#define BENCH_CONNECTION_H

#include <stddef.h>
#include <stdint.h>

enum dialect { CONNECT_STREAM, OPENAI };

/* What the `@@frames,interval_ms,size_bytes@@` mark in a request asks for. */
struct work {
    int frame_count;
    int interval_ms; /* 0: all frames at once, as fast as the reader takes them */
    int text_bytes;
};

struct connection {
    int fd;
    /* Bytes read and not yet parsed. */
    char *in;
    size_t in_len, in_cap;
    /* Bytes to write; out_off is how far the kernel has taken them. */
    char *out;
    size_t out_len, out_off, out_cap;
    /* The answer in progress. */
    int is_streaming;
    enum dialect dialect;
    struct work work;
    int frames_sent;
    uint64_t due_at_ns; /* when the next frame is due */
    int heap_index;     /* place in the schedule, -1 when not in it */
    int wants_write;    /* whether epoll watches for room to write */
    int is_dead;        /* closed; freed at the end of the loop turn */
};

/* answer.c: bytes out. */
void answer_append(struct connection *c, const void *bytes, size_t count);
void answer_begin(struct connection *c, const char *path, const char *body, size_t body_len);
void answer_frame(struct connection *c);
void answer_end(struct connection *c);

/* schedule.c: a binary heap of connections ordered by due_at_ns. */
struct connection *schedule_first(void); /* NULL when empty */
void schedule_add(struct connection *c);
void schedule_remove(struct connection *c);
void schedule_moved_later(struct connection *c);

#endif
