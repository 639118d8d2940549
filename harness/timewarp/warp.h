// What the files of the preload shim share: the factor, the common zero, and how a span or a point of time is mapped.
//
// virtual = zero + (real - zero) * factor on every clock that runs with the wall; each wait is divided by the factor.
// All processes with the same TIMEWARP=<factor>:<monotonic zero ns>:<wall zero ns> agree on the virtual time, whenever they start.
#pragma once

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/time.h>
#include <time.h>

struct Warp {
  bool ready;  // the environment was read
  bool on;     // a factor other than 1
  double factor;
  int64_t monotonic_zero, wall_zero;
};
extern struct Warp warp_state;
void warp_read_environment(void);

// A constructor of another library may ask for the time before ours has run: the first call reads the environment.
static inline bool warp_on(void) {
  if (__builtin_expect(!warp_state.ready, 0)) warp_read_environment();
  return warp_state.on;
}

// The function of that name behind us: a sanitizer's interceptor, or libc's own.
#define NEXT(name)                                                            \
  __extension__({                                                             \
    static __typeof__(&name) next_##name;                                     \
    if (!next_##name) next_##name = (__typeof__(&name))dlsym(RTLD_NEXT, #name); \
    next_##name;                                                              \
  })
// dlsym() picks the oldest version of a symbol that has several; these need the one programs are linked with.
#define NEXT_VERSION(name, version)                                                      \
  __extension__({                                                                        \
    static __typeof__(&name) next_##name;                                                \
    if (!next_##name) next_##name = (__typeof__(&name))dlvsym(RTLD_NEXT, #name, version); \
    if (!next_##name) next_##name = (__typeof__(&name))dlsym(RTLD_NEXT, #name);          \
    next_##name;                                                                         \
  })

#define WARP_FOREVER 8000000000000000000LL  // beyond this a time means "never" and stays as it is

static inline int64_t warp_ns(const struct timespec* t) {
  return t->tv_sec > 9000000000LL ? 9000000000000000000LL : t->tv_sec * 1000000000LL + t->tv_nsec;
}
static inline struct timespec warp_timespec(int64_t ns) {
  if (ns < 0) ns = 0;
  return (struct timespec){.tv_sec = ns / 1000000000LL, .tv_nsec = ns % 1000000000LL};
}
static inline int64_t warp_timeval_ns(const struct timeval* t) { return t->tv_sec * 1000000000LL + t->tv_usec * 1000LL; }
// Rounds up: a wait must not end before its virtual end, and a wait that is not zero must not become zero.
static inline struct timeval warp_timeval(int64_t ns) {
  int64_t us = (ns + 999) / 1000;
  return (struct timeval){.tv_sec = us / 1000000, .tv_usec = us % 1000000};
}

static inline bool warp_is_wall(clockid_t clock) { return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_TAI; }
// CPU clocks are left alone: work is not done faster.
static inline bool warp_changes(clockid_t clock) {
  if (!warp_on()) return false;
  switch (clock) {
    case CLOCK_REALTIME: case CLOCK_REALTIME_COARSE: case CLOCK_REALTIME_ALARM: case CLOCK_TAI:
    case CLOCK_MONOTONIC: case CLOCK_MONOTONIC_RAW: case CLOCK_MONOTONIC_COARSE: case CLOCK_BOOTTIME: case CLOCK_BOOTTIME_ALARM: return true;
    default: return false;
  }
}
static inline int64_t warp_zero(clockid_t clock) {
  return warp_is_wall(clock) || clock == CLOCK_REALTIME_ALARM ? warp_state.wall_zero : warp_state.monotonic_zero;
}
static inline int64_t warp_to_virtual(clockid_t clock, int64_t real) {
  int64_t zero = warp_zero(clock);
  return zero + (int64_t)((double)(real - zero) * warp_state.factor);
}
// A virtual point of time (an absolute deadline) as a real one.
static inline int64_t warp_to_real(clockid_t clock, int64_t point) {
  if (point > WARP_FOREVER) return point;
  int64_t zero = warp_zero(clock);
  return zero + (int64_t)((double)(point - zero) / warp_state.factor) + 1;
}
// A virtual span (a relative time-out) as a real one, and back (what was left of it).
static inline int64_t warp_span_to_real(int64_t ns) {
  return ns <= 0 || ns > WARP_FOREVER ? ns : (int64_t)((double)ns / warp_state.factor) + 1;
}
static inline int64_t warp_span_to_virtual(int64_t ns) { return (int64_t)((double)ns * warp_state.factor); }

// `t` as the kernel is to see it: NULL stays NULL, `room` holds the changed copy.
static inline const struct timespec* warp_span(const struct timespec* t, struct timespec* room) {
  if (!t || !warp_on()) return t;
  *room = warp_timespec(warp_span_to_real(warp_ns(t)));
  return room;
}
static inline const struct timespec* warp_point(clockid_t clock, const struct timespec* t, struct timespec* room) {
  if (!t || !warp_changes(clock)) return t;
  *room = warp_timespec(warp_to_real(clock, warp_ns(t)));
  return room;
}
