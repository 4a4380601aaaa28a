/* Growing lists of durations and their percentiles. */
#ifndef BENCH_SAMPLES_H
#define BENCH_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

struct samples {
    uint32_t *tenths_us;
    size_t count, cap;
};

void samples_add(struct samples *s, uint64_t ns);
void samples_sort(struct samples *s);
/* The sorted list's value at `share` (0..1), in microseconds; 0 when there is none. */
double samples_at_us(const struct samples *s, double share);

#endif
