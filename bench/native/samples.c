#include "samples.h"

#include <stdlib.h>

enum { NS_PER_TENTH_US = 100, FIRST_CAP = 65536 };
static const uint32_t TENTHS_MAX = 4000000000u; /* 400 s */

void samples_add(struct samples *s, uint64_t ns) {
    if (s->count == s->cap) {
        s->cap = s->cap ? s->cap * 2 : FIRST_CAP;
        s->tenths_us = realloc(s->tenths_us, s->cap * sizeof *s->tenths_us);
    }
    uint64_t tenths = ns / NS_PER_TENTH_US;
    s->tenths_us[s->count++] = tenths > TENTHS_MAX ? TENTHS_MAX : (uint32_t)tenths;
}

static int compare(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

void samples_sort(struct samples *s) {
    if (s->count) qsort(s->tenths_us, s->count, sizeof *s->tenths_us, compare);
}

double samples_at_us(const struct samples *s, double share) {
    return s->count ? s->tenths_us[(size_t)(share * (double)(s->count - 1))] / 10.0 : 0;
}
