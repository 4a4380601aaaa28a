/* The bytes of an answer: a Connect stream (one envelope per HTTP chunk), OpenAI events, or one
 * OpenAI JSON body. Every streamed frame begins with `T<15 digits>;`, the instant it was made. */
#define _GNU_SOURCE
#include "connection.h"

#include "clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    STAMP_BYTES = 17,     /* "T" + 15 digits + ";": no frame is shorter */
    TEXT_BYTES_MAX = 8000,
    ENVELOPE_BYTES = 5,   /* flags and a 32-bit length */
    NS_PER_MS = 1000000,
    FIRST_FRAME_MS_MAX = 1000,
};

static const char FILLER[] = " lorem ipsum dolor sit amet consectetur adipiscing elit sed do";

void answer_append(struct connection *c, const void *bytes, size_t count) {
    if (c->out_off == c->out_len) c->out_off = c->out_len = 0;
    if (c->out_len + count > c->out_cap) {
        c->out_cap = (c->out_len + count) * 2;
        c->out = realloc(c->out, c->out_cap);
    }
    memcpy(c->out + c->out_len, bytes, count);
    c->out_len += count;
}

static int clamped_text_bytes(int wanted) {
    if (wanted < STAMP_BYTES) return STAMP_BYTES;
    return wanted > TEXT_BYTES_MAX ? TEXT_BYTES_MAX : wanted;
}

/* `T<now>;` and filler, `size` bytes in all, NUL-terminated. */
static void write_text(char *text, int size) {
    snprintf(text, STAMP_BYTES + 1, "T%015llu;", (unsigned long long)now_ns());
    for (int k = STAMP_BYTES; k < size; k++)
        text[k] = FILLER[(k - STAMP_BYTES) % (int)(sizeof FILLER - 1)];
    text[size] = 0;
}

/* An envelope holding a protobuf message whose field 1 is the text; gives its length. */
static int write_envelope(unsigned char *frame, const char *text, int size) {
    int at = ENVELOPE_BYTES;
    frame[at++] = 0x0a;
    int rest = size;
    while (rest > 127) {
        frame[at++] = (unsigned char)((rest & 127) | 128);
        rest >>= 7;
    }
    frame[at++] = (unsigned char)rest;
    memcpy(frame + at, text, (size_t)size);
    at += size;
    int message = at - ENVELOPE_BYTES;
    frame[0] = 0;
    frame[1] = (unsigned char)(message >> 24);
    frame[2] = (unsigned char)(message >> 16);
    frame[3] = (unsigned char)(message >> 8);
    frame[4] = (unsigned char)message;
    return at;
}

static int write_event(char *event, size_t cap, const char *text) {
    return snprintf(event, cap,
                    "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\","
                    "\"created\":1700000000,\"model\":\"gpt-4o-mini\",\"choices\":[{\"index\":0,"
                    "\"delta\":{\"content\":\"%s\"},\"finish_reason\":null}]}\n\n",
                    text);
}

static void append_chunk(struct connection *c, const char *payload, size_t count) {
    char line[16];
    answer_append(c, line, (size_t)snprintf(line, sizeof line, "%zx\r\n", count));
    answer_append(c, payload, count);
    answer_append(c, "\r\n", 2);
}

void answer_frame(struct connection *c) {
    char text[TEXT_BYTES_MAX + 1], payload[TEXT_BYTES_MAX + 512];
    int size = clamped_text_bytes(c->work.text_bytes);
    write_text(text, size);
    int count = c->dialect == CONNECT_STREAM
                    ? write_envelope((unsigned char *)payload, text, size)
                    : write_event(payload, sizeof payload, text);
    append_chunk(c, payload, (size_t)count);
    c->frames_sent++;
}

void answer_end(struct connection *c) {
    static const char end_of_stream[] = "\x02\0\0\0\x02{}";
    static const char finish[] =
        "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\","
        "\"created\":1700000000,\"model\":\"gpt-4o-mini\",\"choices\":[{\"index\":0,"
        "\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    if (c->dialect == CONNECT_STREAM)
        append_chunk(c, end_of_stream, sizeof end_of_stream - 1);
    else
        append_chunk(c, finish, sizeof finish - 1);
    answer_append(c, "0\r\n\r\n", 5);
    c->is_streaming = 0;
}

/* A whole OpenAI answer in one JSON body. */
static void answer_json(struct connection *c) {
    size_t size = (size_t)c->work.frame_count * (size_t)clamped_text_bytes(c->work.text_bytes);
    char *text = malloc(size + 1), *body = malloc(size + 1024), head[256];
    memset(text, 'a', size);
    text[size] = 0;
    int count = snprintf(body, size + 1024,
                         "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\","
                         "\"created\":1700000000,\"model\":\"gpt-4o-mini\",\"choices\":[{"
                         "\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"%s\"},"
                         "\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":5,"
                         "\"completion_tokens\":5,\"total_tokens\":10}}",
                         text);
    int head_len = snprintf(head, sizeof head,
                            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                            "Content-Length: %d\r\n\r\n",
                            count);
    answer_append(c, head, (size_t)head_len);
    answer_append(c, body, (size_t)count);
    free(text);
    free(body);
}

static struct work read_work(const char *path, const char *body, size_t body_len) {
    struct work work = {.frame_count = 1, .interval_ms = 0, .text_bytes = 20};
    const char *mark = memmem(body, body_len, "@@", 2);
    if (!mark) mark = strstr(path, "@@");
    if (mark) sscanf(mark, "@@%d,%d,%d", &work.frame_count, &work.interval_ms, &work.text_bytes);
    return work;
}

static int asks_for_stream(const char *body, size_t body_len) {
    return memmem(body, body_len, "\"stream\":true", 13) ||
           memmem(body, body_len, "\"stream\": true", 14);
}

void answer_begin(struct connection *c, const char *path, const char *body, size_t body_len) {
    static const char connect_head[] =
        "HTTP/1.1 200 OK\r\nContent-Type: application/connect+proto\r\n"
        "Connect-Content-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n";
    static const char openai_head[] =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
        "Cache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n";
    c->work = read_work(path, body, body_len);
    c->frames_sent = 0;
    c->dialect = strstr(path, "chat/completions") ? OPENAI : CONNECT_STREAM;
    if (c->dialect == OPENAI && !asks_for_stream(body, body_len)) {
        answer_json(c);
        return;
    }
    if (c->dialect == CONNECT_STREAM)
        answer_append(c, connect_head, sizeof connect_head - 1);
    else
        answer_append(c, openai_head, sizeof openai_head - 1);
    c->is_streaming = 1;
    if (c->work.interval_ms) {
        /* A random phase, so that streams opened together do not tick together. */
        int spread_ms = c->work.interval_ms > FIRST_FRAME_MS_MAX ? FIRST_FRAME_MS_MAX
                                                                 : c->work.interval_ms;
        c->due_at_ns = now_ns() + (uint64_t)(drand48() * spread_ms * NS_PER_MS);
        schedule_add(c);
    }
}
