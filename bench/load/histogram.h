// A histogram of latencies with 128 steps per doubling: a percentile is exact to within 1 %.
#include <stdint.h>

enum { STEPS_LOG2 = 7, STEPS = 1 << STEPS_LOG2, LATENCY_BITS = 42, BUCKETS = (LATENCY_BITS - STEPS_LOG2 + 1) * STEPS };

typedef struct {
  uint64_t total, buckets[BUCKETS];
} histogram;

static void count_latency(histogram *h, uint64_t ns) {
  int shift = ns < STEPS ? 0 : 63 - __builtin_clzll(ns) - STEPS_LOG2;
  uint64_t bucket = ns < STEPS ? ns : (uint64_t)(shift + 1) * STEPS + (ns >> shift) - STEPS;
  h->buckets[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
  h->total++;
}

static double percentile_us(const histogram *h, double fraction) {
  uint64_t rank = (uint64_t)((double)h->total * fraction), seen = 0;
  for (int bucket = 0; bucket < BUCKETS; bucket++) {
    seen += h->buckets[bucket];
    if (seen <= rank) continue;
    if (bucket < STEPS) return bucket / 1e3;
    int shift = bucket / STEPS - 1;
    return (double)((uint64_t)(bucket % STEPS + STEPS) << shift) / 1e3;
  }
  return 0;
}

