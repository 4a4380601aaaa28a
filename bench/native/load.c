/* The benchmark's load generator: epoll, one thread, keep-alive connections.
 *
 * --host takes an IPv4 address, 127.0.0.1 unless said.
 * Each connection posts the body, reads the answer to its end and begins again, until --seconds
 * have passed or --requests-max were begun. --ramp S spreads the opening of the connections over S
 * seconds: a burst would measure the accept queue. With --hold S it opens every stream, waits until each
 * has shown its first frame, prints "OPEN", and keeps them open for S seconds.
 * Prints one line of JSON. Times are microseconds. `failed` counts answers that were not 200,
 * broke off, or could not be asked for; `unfinished` those still open when it gave up waiting.
 */
#define _GNU_SOURCE
#include "answer_reader.h"
#include "clock.h"
#include "samples.h"

#include <arpa/inet.h>
#include <getopt.h>
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
#include <unistd.h>

enum { EVENTS_MAX = 512, BODY_MAX = 1 << 20, HEAD_MAX = 8192, HEADERS_MAX = 16 };

struct options {
    int port, connections;
    double seconds, ramp_s, hold_s, patience_s;
    unsigned long long requests_max; /* 0: no bound but time */
    const char *host, *path, *body_file, *headers[HEADERS_MAX];
    int header_count;
};

struct stream {
    int fd, is_busy;
    uint64_t begun_at_ns;
    struct answer_reader reader;
};

static struct options options = {
    .connections = 1, .seconds = 1, .patience_s = 60, .host = "127.0.0.1",
    .path = "/v1/chat/completions"};
static char *request;
static size_t request_len;
static int epoll_fd, busy_count, opened_count;
static struct samples frame_latency, first_frame, duration;
static uint64_t begun, done, failed, frames, dones, bytes, last_done_ns;
static char first_error[400];

static void note_error(const char *text, size_t count) {
    if (first_error[0]) return;
    if (count >= sizeof first_error) count = sizeof first_error - 1;
    memcpy(first_error, text, count);
    for (size_t k = 0; k < count; k++)
        if ((unsigned char)first_error[k] < ' ') first_error[k] = ' ';
}

static int open_connection(struct stream *s) {
    int one = 1;
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)options.port),
                                  .sin_addr.s_addr = inet_addr(options.host)};
    s->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(s->fd, (void *)&address, sizeof address)) {
        note_error("connection refused", 18);
        close(s->fd);
        return -1;
    }
    setsockopt(s->fd, SOL_TCP, TCP_NODELAY, &one, sizeof one);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = s};
    return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, s->fd, &event);
}

static void begin(struct stream *s) {
    answer_reader_begin(&s->reader);
    s->begun_at_ns = now_ns();
    s->is_busy = 1;
    busy_count++;
    begun++;
    for (size_t sent = 0; sent < request_len;) {
        ssize_t taken = write(s->fd, request + sent, request_len - sent);
        if (taken <= 0) break; /* the read that follows finds the connection closed */
        sent += (size_t)taken;
    }
}

struct sighting {
    struct stream *stream;
    uint64_t read_at_ns;
};

static void on_frame(void *context, uint64_t made_at_ns) {
    struct sighting *s = context;
    samples_add(&frame_latency, s->read_at_ns - made_at_ns);
    if (s->stream->reader.frames > 1) return;
    opened_count++;
    samples_add(&first_frame, s->read_at_ns - s->stream->begun_at_ns);
}

static int may_begin(uint64_t now, uint64_t until_ns) {
    return options.hold_s == 0 && now < until_ns &&
           (options.requests_max == 0 || begun < options.requests_max);
}

static void finish(struct stream *s, enum reading reading, uint64_t now, uint64_t until_ns) {
    struct answer_reader *r = &s->reader;
    s->is_busy = 0;
    busy_count--;
    frames += r->frames;
    dones += r->dones;
    if (reading == WHOLE && r->status == 200) {
        done++;
        last_done_ns = now;
        samples_add(&duration, now - s->begun_at_ns);
    } else {
        failed++;
    }
    if (reading == BROKEN) close(s->fd);
    if (!may_begin(now, until_ns)) return;
    if (reading == BROKEN && open_connection(s)) return;
    begin(s);
}

static void receive(struct stream *s, uint64_t until_ns) {
    size_t room;
    char *into = answer_reader_room(&s->reader, &room);
    ssize_t count = read(s->fd, into, room);
    struct sighting sighting = {s, now_ns()};
    if (!s->is_busy) {
        /* An idle connection closed by the server; the benchmark never reuses it. */
        if (count <= 0) close(s->fd);
        return;
    }
    enum reading reading = BROKEN;
    if (count > 0) {
        bytes += (uint64_t)count;
        int had_status = s->reader.status;
        if (!had_status && !first_error[0] && count > 12 && memcmp(into + 9, "200", 3) != 0)
            note_error(into, (size_t)count);
        reading = answer_reader_take(&s->reader, (size_t)count, on_frame, &sighting);
    } else {
        note_error("connection closed in mid-answer", 31);
    }
    if (reading != READING) finish(s, reading, sighting.read_at_ns, until_ns);
}

static void read_options(int argc, char **argv) {
    static const struct option known[] = {
        {"port", 1, 0, 'p'},         {"connections", 1, 0, 'c'}, {"seconds", 1, 0, 's'},
        {"requests-max", 1, 0, 'n'}, {"hold", 1, 0, 'h'},        {"patience", 1, 0, 'w'},
        {"ramp", 1, 0, 'r'},         {"path", 1, 0, 'u'},        {"body", 1, 0, 'b'},
        {"header", 1, 0, 'H'},       {"host", 1, 0, 'a'},        {0}};
    for (int o; (o = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        switch (o) {
        case 'a': options.host = optarg; break;
        case 'p': options.port = atoi(optarg); break;
        case 'c': options.connections = atoi(optarg); break;
        case 's': options.seconds = atof(optarg); break;
        case 'n': options.requests_max = strtoull(optarg, NULL, 10); break;
        case 'h': options.hold_s = atof(optarg); break;
        case 'r': options.ramp_s = atof(optarg); break;
        case 'w': options.patience_s = atof(optarg); break;
        case 'u': options.path = optarg; break;
        case 'b': options.body_file = optarg; break;
        case 'H':
            if (options.header_count < HEADERS_MAX)
                options.headers[options.header_count++] = optarg;
            break;
        default: exit(2);
        }
    }
    if (!options.port || !options.body_file || options.connections < 1) {
        fprintf(stderr, "load: --port, --body and --connections are needed\n");
        exit(2);
    }
}

static int build_request(void) {
    static char body[BODY_MAX];
    FILE *file = fopen(options.body_file, "rb");
    if (!file) return -1;
    size_t body_len = fread(body, 1, sizeof body, file);
    fclose(file);
    request = malloc(body_len + HEAD_MAX);
    int n = snprintf(request, HEAD_MAX,
                     "POST %s HTTP/1.1\r\nHost: %s:%d\r\n"
                     "Content-Type: application/json\r\nContent-Length: %zu\r\n",
                     options.path, options.host, options.port, body_len);
    for (int k = 0; k < options.header_count && n < HEAD_MAX; k++)
        n += snprintf(request + n, (size_t)(HEAD_MAX - n), "%s\r\n", options.headers[k]);
    if (n + 2 >= HEAD_MAX) return -1;
    memcpy(request + n, "\r\n", 2);
    memcpy(request + n + 2, body, body_len);
    request_len = (size_t)n + 2 + body_len;
    return 0;
}

static void print_result(uint64_t begun_at_ns) {
    double elapsed = last_done_ns > begun_at_ns ? (double)(last_done_ns - begun_at_ns) / 1e9 : 0;
    samples_sort(&frame_latency);
    samples_sort(&first_frame);
    samples_sort(&duration);
    printf("{\"done\":%llu,\"failed\":%llu,\"unfinished\":%d,\"frames\":%llu,\"dones\":%llu,"
           "\"bytes\":%llu,\"elapsed_s\":%.4f,",
           (unsigned long long)done, (unsigned long long)failed, busy_count,
           (unsigned long long)frames, (unsigned long long)dones, (unsigned long long)bytes,
           elapsed);
    printf("\"frame_us\":{\"p50\":%.1f,\"p99\":%.1f},\"first_frame_us\":{\"p50\":%.1f,"
           "\"p99\":%.1f},\"duration_us\":{\"p50\":%.1f,\"p99\":%.1f}}\n",
           samples_at_us(&frame_latency, .5), samples_at_us(&frame_latency, .99),
           samples_at_us(&first_frame, .5), samples_at_us(&first_frame, .99),
           samples_at_us(&duration, .5), samples_at_us(&duration, .99));
    if (first_error[0]) fprintf(stderr, "first error: %s\n", first_error);
}

/* Open the connections whose turn has come; gives -1 when one cannot be opened. */
static int open_due(struct stream *streams, uint64_t begun_at_ns, uint64_t now) {
    static int next;
    double apart_ns = options.ramp_s * 1e9 / options.connections;
    while (next < options.connections && (double)(now - begun_at_ns) >= next * apart_ns) {
        if (open_connection(&streams[next])) return -1;
        begin(&streams[next++]);
    }
    return options.connections - next;
}

static int run(struct stream *streams, uint64_t begun_at_ns) {
    uint64_t until_ns = begun_at_ns + (uint64_t)((options.ramp_s + options.seconds) * 1e9);
    uint64_t give_up_ns = until_ns + (uint64_t)(options.patience_s * 1e9), held_until_ns = 0;
    struct epoll_event events[EVENTS_MAX];
    for (;;) {
        uint64_t now = now_ns();
        int unopened = open_due(streams, begun_at_ns, now);
        if (unopened < 0) return -1;
        if (unopened == 0 && busy_count == 0) break;
        if (now > give_up_ns || (held_until_ns && now > held_until_ns)) break;
        int count = epoll_wait(epoll_fd, events, EVENTS_MAX, unopened ? 1 : 100);
        for (int k = 0; k < count; k++) receive(events[k].data.ptr, until_ns);
        if (options.hold_s > 0 && !held_until_ns && opened_count >= options.connections) {
            printf("OPEN\n");
            fflush(stdout);
            held_until_ns = now_ns() + (uint64_t)(options.hold_s * 1e9);
            give_up_ns = held_until_ns + 1000000000ull;
        }
    }
    for (int k = 0; k < options.connections; k++) /* what unfinished streams had shown counts */
        if (streams[k].is_busy) frames += streams[k].reader.frames;
    return 0;
}

int main(int argc, char **argv) {
    read_options(argc, argv);
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_PDEATHSIG, SIGTERM); /* never outlive the benchmark */
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    if (build_request()) {
        fprintf(stderr, "load: cannot build the request\n");
        return 2;
    }
    epoll_fd = epoll_create1(0);
    struct stream *streams = calloc((size_t)options.connections, sizeof *streams);
    uint64_t begun_at_ns = now_ns();
    if (run(streams, begun_at_ns)) {
        fprintf(stderr, "load: cannot connect\n");
        return 3;
    }
    print_result(begun_at_ns);
    return 0;
}
