/* Reads one HTTP answer after another, counting what the benchmark looks for in their bodies. */
#ifndef BENCH_ANSWER_READER_H
#define BENCH_ANSWER_READER_H

#include <stddef.h>
#include <stdint.h>

enum { READ_BYTES = 65536, CARRY_BYTES = 16384 };

enum reading { READING, WHOLE, BROKEN };

struct answer_reader {
    char buffer[CARRY_BYTES + READ_BYTES];
    size_t carry; /* bytes kept from earlier reads: an unfinished head, or a mark cut in two */
    int in_body;
    int status;
    long left;       /* bytes of a Content-Length body still to come; -1 when chunked */
    char tail[7];    /* the last bytes of a chunked body, to see its end over several reads */
    /* Found in this answer. */
    uint64_t frames; /* `T<15 digits>;` marks */
    uint64_t dones;  /* `[DONE]` */
};

typedef void frame_seen(void *context, uint64_t made_at_ns);

void answer_reader_begin(struct answer_reader *r);
/* Where and how much to read next. */
char *answer_reader_room(struct answer_reader *r, size_t *room);
/* Take in `count` bytes read there; `seen` is called for each frame mark. */
enum reading answer_reader_take(struct answer_reader *r, size_t count, frame_seen *seen,
                                void *context);

#endif
