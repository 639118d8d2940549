// The shim's zero and its clocks: what a program reads as "now", and the times of files, which are compared with it.
#include "harness/timewarp/warp.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

struct Warp warp_state = {.factor = 1};

static int64_t real_now(clockid_t clock) {
  struct timespec t;
  NEXT(clock_gettime)(clock, &t);
  return warp_ns(&t);
}

void warp_read_environment(void) {
  warp_state.ready = true;
  const char* text = getenv("TIMEWARP");
  double factor = 1;
  long long monotonic_zero = 0, wall_zero = 0;
  if (!text || sscanf(text, "%lf:%lld:%lld", &factor, &monotonic_zero, &wall_zero) < 1 || !(factor > 0) || factor == 1) return;
  warp_state.factor = factor;
  warp_state.monotonic_zero = monotonic_zero ? monotonic_zero : real_now(CLOCK_MONOTONIC);
  warp_state.wall_zero = monotonic_zero ? wall_zero : real_now(CLOCK_REALTIME);
  warp_state.on = true;
}

// A process that was given no zero takes its own start and hands it to its children.
__attribute__((constructor)) static void export_zero(void) {
  if (!warp_on()) return;
  char text[96];
  snprintf(text, sizeof text, "%.17g:%lld:%lld", warp_state.factor, (long long)warp_state.monotonic_zero, (long long)warp_state.wall_zero);
  setenv("TIMEWARP", text, 1);
}

int clock_gettime(clockid_t clock, struct timespec* t) {
  int rc = NEXT(clock_gettime)(clock, t);
  if (rc == 0 && warp_changes(clock)) *t = warp_timespec(warp_to_virtual(clock, warp_ns(t)));
  return rc;
}
int gettimeofday(struct timeval* t, void* zone) {
  (void)zone;
  struct timespec now;
  int rc = clock_gettime(CLOCK_REALTIME, &now);
  if (rc == 0 && t) *t = (struct timeval){.tv_sec = now.tv_sec, .tv_usec = now.tv_nsec / 1000};
  return rc;
}
time_t time(time_t* out) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out) *out = now.tv_sec;
  return now.tv_sec;
}
int timespec_get(struct timespec* t, int base) { return base == TIME_UTC && clock_gettime(CLOCK_REALTIME, t) == 0 ? base : 0; }

// ---- the times of files: the kernel stamps them with the real clock, and "is this file fresh?" compares them with now ----

static void stamp_to_virtual(struct timespec* t) {
  int64_t real = warp_ns(t);
  if (real > warp_state.wall_zero) *t = warp_timespec(warp_to_virtual(CLOCK_REALTIME, real));
}
static int stat_to_virtual(int rc, struct stat* s) {
  if (rc == 0 && warp_on()) {
    stamp_to_virtual(&s->st_atim);
    stamp_to_virtual(&s->st_mtim);
    stamp_to_virtual(&s->st_ctim);
  }
  return rc;
}
int stat(const char* path, struct stat* s) { return stat_to_virtual(NEXT(stat)(path, s), s); }
int lstat(const char* path, struct stat* s) { return stat_to_virtual(NEXT(lstat)(path, s), s); }
int fstat(int fd, struct stat* s) { return stat_to_virtual(NEXT(fstat)(fd, s), s); }
int fstatat(int dir, const char* path, struct stat* s, int flags) { return stat_to_virtual(NEXT(fstatat)(dir, path, s, flags), s); }

static void statx_stamp(struct statx_timestamp* t) {
  struct timespec plain = {.tv_sec = t->tv_sec, .tv_nsec = t->tv_nsec};
  stamp_to_virtual(&plain);
  t->tv_sec = plain.tv_sec;
  t->tv_nsec = (uint32_t)plain.tv_nsec;
}
int statx(int dir, const char* path, int flags, unsigned mask, struct statx* s) {
  int rc = NEXT(statx)(dir, path, flags, mask, s);
  if (rc == 0 && warp_on()) {
    statx_stamp(&s->stx_atime);
    statx_stamp(&s->stx_mtime);
    statx_stamp(&s->stx_ctime);
    statx_stamp(&s->stx_btime);
  }
  return rc;
}
// A program may also set a stamp it computed from its own now.
static struct timespec stamp_to_real(struct timespec t) {
  if (t.tv_nsec == UTIME_NOW || t.tv_nsec == UTIME_OMIT || warp_ns(&t) <= warp_state.wall_zero) return t;
  return warp_timespec(warp_to_real(CLOCK_REALTIME, warp_ns(&t)));
}
int utimensat(int dir, const char* path, const struct timespec times[2], int flags) {
  if (!times || !warp_on()) return NEXT(utimensat)(dir, path, times, flags);
  struct timespec real[2] = {stamp_to_real(times[0]), stamp_to_real(times[1])};
  return NEXT(utimensat)(dir, path, real, flags);
}
int futimens(int fd, const struct timespec times[2]) {
  if (!times || !warp_on()) return NEXT(futimens)(fd, times);
  struct timespec real[2] = {stamp_to_real(times[0]), stamp_to_real(times[1])};
  return NEXT(futimens)(fd, real);
}
