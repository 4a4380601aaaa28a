#define _GNU_SOURCE
#include "answer_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MARK_BYTES = 17, DONE_BYTES = 6, TAIL_BYTES = 7 };
static const char CHUNKED_END[] = "\r\n0\r\n\r\n";

void answer_reader_begin(struct answer_reader *r) {
    r->carry = 0;
    r->in_body = 0;
    r->status = 0;
    r->left = -1;
    memset(r->tail, 0, sizeof r->tail);
    r->frames = r->dones = 0;
}

char *answer_reader_room(struct answer_reader *r, size_t *room) {
    *room = sizeof r->buffer - r->carry;
    if (*room > READ_BYTES) *room = READ_BYTES;
    return r->buffer + r->carry;
}

static int is_mark(const char *at) {
    if (at[MARK_BYTES - 1] != ';') return 0;
    for (int k = 1; k < MARK_BYTES - 1; k++)
        if (at[k] < '0' || at[k] > '9') return 0;
    return 1;
}

/* Find marks; gives how many bytes are done with. The rest may be the first part of a mark. */
static size_t scan(struct answer_reader *r, size_t count, frame_seen *seen, void *context) {
    const char *b = r->buffer;
    size_t i = 0;
    for (; i < count; i++) {
        if (b[i] == 'T') {
            if (i + MARK_BYTES > count) break;
            if (!is_mark(b + i)) continue;
            r->frames++;
            seen(context, strtoull(b + i + 1, NULL, 10));
            i += MARK_BYTES - 1;
        } else if (b[i] == '[') {
            if (i + DONE_BYTES > count) break;
            if (memcmp(b + i, "[DONE]", DONE_BYTES) != 0) continue;
            r->dones++;
            i += DONE_BYTES - 1;
        }
    }
    return i;
}

static void keep_tail(struct answer_reader *r, const char *bytes, size_t count) {
    if (count >= TAIL_BYTES) {
        memcpy(r->tail, bytes + count - TAIL_BYTES, TAIL_BYTES);
        return;
    }
    memmove(r->tail, r->tail + count, TAIL_BYTES - count);
    memcpy(r->tail + TAIL_BYTES - count, bytes, count);
}

/* Parse the head if it is whole; gives the offset of the body, 0 when more is needed. */
static size_t parse_head(struct answer_reader *r, size_t count) {
    char *blank = memmem(r->buffer, count, "\r\n\r\n", 4);
    if (!blank) return 0;
    *blank = 0;
    r->status = count > 12 ? atoi(r->buffer + 9) : 0;
    char *length = strcasestr(r->buffer, "\ncontent-length:");
    r->left = length ? atol(length + 16) : -1;
    r->in_body = 1;
    return (size_t)(blank - r->buffer) + 4;
}

enum reading answer_reader_take(struct answer_reader *r, size_t count, frame_seen *seen,
                                void *context) {
    size_t total = r->carry + count, fresh = r->carry;
    if (!r->in_body) {
        size_t body = parse_head(r, total);
        if (!body) {
            r->carry = total;
            return total > CARRY_BYTES ? BROKEN : READING;
        }
        /* "\r\n" before the first chunk, so that an empty chunked body is seen to end too. */
        keep_tail(r, "\r\n", 2);
        total -= body;
        memmove(r->buffer, r->buffer + body, total);
        fresh = 0;
    }
    if (r->left >= 0)
        r->left -= (long)(total - fresh);
    else
        keep_tail(r, r->buffer + fresh, total - fresh);
    size_t used = scan(r, total, seen, context);
    r->carry = total - used;
    memmove(r->buffer, r->buffer + used, r->carry);
    if (r->left >= 0) return r->left == 0 ? WHOLE : READING;
    return memcmp(r->tail, CHUNKED_END, TAIL_BYTES) == 0 ? WHOLE : READING;
}
