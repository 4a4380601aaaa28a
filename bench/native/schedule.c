/* Which paced stream owes its next frame first: a binary heap over due_at_ns. */
#include "connection.h"

#include <stdlib.h>

static struct connection **heap;
static int heap_count, heap_cap;

static void put(int place, struct connection *c) {
    heap[place] = c;
    c->heap_index = place;
}

static void sift_up(int place) {
    struct connection *c = heap[place];
    while (place > 0) {
        int parent = (place - 1) / 2;
        if (heap[parent]->due_at_ns <= c->due_at_ns) break;
        put(place, heap[parent]);
        place = parent;
    }
    put(place, c);
}

static void sift_down(int place) {
    struct connection *c = heap[place];
    for (;;) {
        int child = 2 * place + 1;
        if (child >= heap_count) break;
        if (child + 1 < heap_count && heap[child + 1]->due_at_ns < heap[child]->due_at_ns) child++;
        if (heap[child]->due_at_ns >= c->due_at_ns) break;
        put(place, heap[child]);
        place = child;
    }
    put(place, c);
}

struct connection *schedule_first(void) { return heap_count ? heap[0] : NULL; }

void schedule_add(struct connection *c) {
    if (heap_count == heap_cap) {
        heap_cap = heap_cap ? heap_cap * 2 : 1024;
        heap = realloc(heap, (size_t)heap_cap * sizeof *heap);
    }
    heap[heap_count] = c;
    c->heap_index = heap_count++;
    sift_up(heap_count - 1);
}

void schedule_remove(struct connection *c) {
    int place = c->heap_index;
    if (place < 0) return;
    heap_count--;
    if (place != heap_count) {
        struct connection *last = heap[heap_count];
        put(place, last);
        sift_up(place);
        sift_down(last->heap_index);
    }
    c->heap_index = -1;
}

void schedule_moved_later(struct connection *c) { sift_down(c->heap_index); }
