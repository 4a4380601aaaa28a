/* The benchmark's upstream: epoll, one thread, HTTP/1.1 keep-alive, chunked answers.
 *
 * usage: upstream [PORT [ADDRESS]]     (0 or none: any free port; an IPv4 address, 127.0.0.1
 * unless said). Prints "PORT <n>" once it listens.
 *
 * A request's body or path may hold `@@n,d,s@@`: n frames, d ms apart (0: at once), s bytes of text
 * each. A path with "chat/completions" is answered as OpenAI does, any other as a Connect stream.
 */
#define _GNU_SOURCE
#include "clock.h"
#include "connection.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum { EVENTS_MAX = 512, BACKLOG = 4096, OUT_BYTES_MAX = 65536, READ_BYTES = 4096, GRAVE = 65536 };

static int epoll_fd, listen_fd, timer_fd;
static int timer_mark; /* its address stands for the timer in epoll's data */
static struct connection *grave[GRAVE];
static int grave_count;

static void watch(int operation, int fd, uint32_t events, void *data) {
    struct epoll_event event = {.events = events, .data.ptr = data};
    epoll_ctl(epoll_fd, operation, fd, &event);
}

static void want_write(struct connection *c, int wanted) {
    if (c->wants_write == wanted) return;
    c->wants_write = wanted;
    watch(EPOLL_CTL_MOD, c->fd, EPOLLIN | (wanted ? EPOLLOUT : 0), c);
}

static void close_connection(struct connection *c) {
    if (c->is_dead) return;
    c->is_dead = 1;
    schedule_remove(c);
    close(c->fd);
    /* Events of this turn may still point here, so memory is given back after the turn. */
    if (grave_count < GRAVE) grave[grave_count++] = c;
}

/* Parse and begin every whole request that is buffered, while no answer is in progress. */
static void parse_requests(struct connection *c) {
    while (!c->is_streaming && c->in_len) {
        char *blank = memmem(c->in, c->in_len, "\r\n\r\n", 4);
        if (!blank) return;
        size_t head_len = (size_t)(blank - c->in) + 4;
        char path[512] = "", kept = c->in[head_len - 1];
        c->in[head_len - 1] = 0;
        char *length = strcasestr(c->in, "\ncontent-length:");
        char *chunked = strcasestr(c->in, "\ntransfer-encoding: chunked");
        if (sscanf(c->in, "%*s %500s", path) != 1) path[0] = 0;
        long body_len = length ? atol(length + 16) : 0;
        c->in[head_len - 1] = kept;
        size_t needed = head_len + (size_t)body_len;
        if (chunked && !length) {
            char *end = memmem(c->in + head_len - 2, c->in_len - head_len + 2, "\r\n0\r\n\r\n", 7);
            if (!end) return;
            needed = (size_t)(end - c->in) + 7;
        }
        if (c->in_len < needed) return;
        answer_begin(c, path, c->in + head_len, needed - head_len);
        memmove(c->in, c->in + needed, c->in_len - needed);
        c->in_len -= needed;
    }
}

/* Frames of an unpaced stream, no more at a time than a socket takes. */
static void refill(struct connection *c) {
    if (!c->is_streaming || c->work.interval_ms) return;
    while (c->frames_sent < c->work.frame_count && c->out_len - c->out_off < OUT_BYTES_MAX)
        answer_frame(c);
    if (c->frames_sent >= c->work.frame_count) answer_end(c);
}

static void flush(struct connection *c) {
    for (;;) {
        if (c->out_off == c->out_len) {
            refill(c);
            if (c->out_off == c->out_len) {
                want_write(c, 0);
                if (!c->is_streaming && c->in_len) parse_requests(c);
                if (c->out_off == c->out_len) return;
            }
        }
        ssize_t taken = write(c->fd, c->out + c->out_off, c->out_len - c->out_off);
        if (taken < 0) {
            if (errno == EAGAIN)
                want_write(c, 1);
            else
                close_connection(c);
            return;
        }
        c->out_off += (size_t)taken;
    }
}

static void receive(struct connection *c) {
    for (;;) {
        if (c->in_cap - c->in_len < READ_BYTES) {
            c->in_cap = c->in_cap ? c->in_cap * 2 : 2 * READ_BYTES;
            c->in = realloc(c->in, c->in_cap);
        }
        size_t room = c->in_cap - c->in_len;
        ssize_t count = read(c->fd, c->in + c->in_len, room);
        if (count == 0 || (count < 0 && errno != EAGAIN)) {
            close_connection(c);
            return;
        }
        if (count < 0) break;
        c->in_len += (size_t)count;
        if ((size_t)count < room) break;
    }
    if (!c->is_streaming) parse_requests(c);
    flush(c);
}

static void accept_all(void) {
    for (;;) {
        int one = 1, fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK);
        if (fd < 0) return;
        setsockopt(fd, SOL_TCP, TCP_NODELAY, &one, sizeof one);
        struct connection *c = calloc(1, sizeof *c);
        c->fd = fd;
        c->heap_index = -1;
        watch(EPOLL_CTL_ADD, fd, EPOLLIN, c);
    }
}

static void send_due_frames(void) {
    uint64_t now = now_ns();
    struct connection *c;
    while ((c = schedule_first()) && c->due_at_ns <= now) {
        if (c->frames_sent < c->work.frame_count) {
            answer_frame(c);
            c->due_at_ns += (uint64_t)c->work.interval_ms * 1000000ull;
            schedule_moved_later(c);
        }
        if (c->frames_sent >= c->work.frame_count) {
            schedule_remove(c);
            answer_end(c);
        }
        flush(c);
    }
}

/* Set the timer to the next due frame, unless it already is. */
static void arm_timer(uint64_t *armed_ns) {
    struct connection *first = schedule_first();
    if (!first || *armed_ns == first->due_at_ns) return;
    *armed_ns = first->due_at_ns;
    struct itimerspec spec = {.it_value = {.tv_sec = (time_t)(*armed_ns / 1000000000ull),
                                           .tv_nsec = (long)(*armed_ns % 1000000000ull)}};
    timerfd_settime(timer_fd, TFD_TIMER_ABSTIME, &spec, NULL);
}

static void handle(struct epoll_event *event, uint64_t *armed_ns) {
    void *data = event->data.ptr;
    if (!data) {
        accept_all();
        return;
    }
    if (data == &timer_mark) {
        uint64_t expirations;
        if (read(timer_fd, &expirations, sizeof expirations) < 0) return;
        *armed_ns = 0;
        return;
    }
    struct connection *c = data;
    if (c->is_dead) return;
    if (event->events & (EPOLLIN | EPOLLHUP | EPOLLERR)) receive(c);
    if (!c->is_dead && (event->events & EPOLLOUT)) flush(c);
}

static void bury(void) {
    for (int k = 0; k < grave_count; k++) {
        free(grave[k]->in);
        free(grave[k]->out);
        free(grave[k]);
    }
    grave_count = 0;
}

static int listen_on(const char *host, int port) {
    int one = 1;
    listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(listen_fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = inet_addr(host)};
    socklen_t size = sizeof address;
    if (bind(listen_fd, (void *)&address, size) || listen(listen_fd, BACKLOG)) return -1;
    getsockname(listen_fd, (void *)&address, &size);
    return ntohs(address.sin_port);
}

int main(int argc, char **argv) {
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* never outlive the benchmark */
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    int port = listen_on(argc > 2 ? argv[2] : "127.0.0.1", argc > 1 ? atoi(argv[1]) : 0);
    if (port < 0) {
        perror("listen");
        return 1;
    }
    printf("PORT %d\n", port);
    fflush(stdout);
    epoll_fd = epoll_create1(0);
    timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
    watch(EPOLL_CTL_ADD, listen_fd, EPOLLIN, NULL);
    watch(EPOLL_CTL_ADD, timer_fd, EPOLLIN, &timer_mark);
    struct epoll_event events[EVENTS_MAX];
    uint64_t armed_ns = 0;
    for (;;) {
        arm_timer(&armed_ns);
        int count = epoll_wait(epoll_fd, events, EVENTS_MAX, -1);
        if (count < 0 && errno != EINTR) return 1;
        for (int k = 0; k < count; k++) handle(&events[k], &armed_ns);
        send_due_frames();
        bury();
    }
}
