// The shim's timers: timerfd, setitimer and alarm, POSIX timers.
#include "harness/timewarp/warp.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/timerfd.h>
#include <unistd.h>

static struct itimerspec timer_to_real(clockid_t clock, bool absolute, const struct itimerspec* timer) {
  struct itimerspec real = *timer;
  int64_t first = warp_ns(&timer->it_value);  // zero disarms and stays zero
  if (first) real.it_value = warp_timespec(absolute ? warp_to_real(clock, first) : warp_span_to_real(first));
  real.it_interval = warp_timespec(warp_span_to_real(warp_ns(&timer->it_interval)));
  return real;
}
static void timer_to_virtual(struct itimerspec* timer) {
  timer->it_value = warp_timespec(warp_span_to_virtual(warp_ns(&timer->it_value)));
  timer->it_interval = warp_timespec(warp_span_to_virtual(warp_ns(&timer->it_interval)));
}

// ---- timerfd: the clock is known only at its creation ----

#define FDS 4096
static atomic_schar clock_of_fd[FDS];  // clock + 1; 0: not seen, monotonic then

int timerfd_create(int clock, int flags) {
  int fd = NEXT(timerfd_create)(clock, flags);
  if (fd >= 0 && fd < FDS) atomic_store(&clock_of_fd[fd], (signed char)(clock + 1));
  return fd;
}
int timerfd_settime(int fd, int flags, const struct itimerspec* timer, struct itimerspec* old) {
  if (!timer || !warp_on()) return NEXT(timerfd_settime)(fd, flags, timer, old);
  int known = fd >= 0 && fd < FDS ? atomic_load(&clock_of_fd[fd]) : 0;
  struct itimerspec real = timer_to_real(known ? known - 1 : CLOCK_MONOTONIC, flags & TFD_TIMER_ABSTIME, timer);
  int rc = NEXT(timerfd_settime)(fd, flags, &real, old);
  if (rc == 0 && old) timer_to_virtual(old);
  return rc;
}
int timerfd_gettime(int fd, struct itimerspec* timer) {
  int rc = NEXT(timerfd_gettime)(fd, timer);
  if (rc == 0 && warp_on()) timer_to_virtual(timer);
  return rc;
}

// ---- setitimer, alarm ----

static void itimer_to_virtual(struct itimerval* timer) {
  timer->it_value = warp_timeval(warp_span_to_virtual(warp_timeval_ns(&timer->it_value)));
  timer->it_interval = warp_timeval(warp_span_to_virtual(warp_timeval_ns(&timer->it_interval)));
}
int setitimer(__itimer_which_t which, const struct itimerval* timer, struct itimerval* old) {
  if (!timer || which != ITIMER_REAL || !warp_on()) return NEXT(setitimer)(which, timer, old);
  struct itimerval real = {.it_interval = warp_timeval(warp_span_to_real(warp_timeval_ns(&timer->it_interval))),
                           .it_value = warp_timeval(warp_span_to_real(warp_timeval_ns(&timer->it_value)))};
  int rc = NEXT(setitimer)(which, &real, old);
  if (rc == 0 && old) itimer_to_virtual(old);
  return rc;
}
int getitimer(__itimer_which_t which, struct itimerval* timer) {
  int rc = NEXT(getitimer)(which, timer);
  if (rc == 0 && which == ITIMER_REAL && warp_on()) itimer_to_virtual(timer);
  return rc;
}
unsigned alarm(unsigned seconds) {
  struct itimerval timer = {.it_value = {.tv_sec = seconds}}, old = {{0, 0}, {0, 0}};
  setitimer(ITIMER_REAL, &timer, &old);
  // alarm(2): a time that is left is never reported as none.
  return (unsigned)(old.it_value.tv_sec + (old.it_value.tv_usec >= 500000 || (old.it_value.tv_sec == 0 && old.it_value.tv_usec > 0)));
}
useconds_t ualarm(useconds_t us, useconds_t interval) {
  struct itimerval timer = {.it_interval = warp_timeval(interval * 1000LL), .it_value = warp_timeval(us * 1000LL)}, old = {{0, 0}, {0, 0}};
  setitimer(ITIMER_REAL, &timer, &old);
  return (useconds_t)(old.it_value.tv_sec * 1000000 + old.it_value.tv_usec);
}

// ---- POSIX timers: their clock, too, is known only at their creation ----

#define TIMERS 256
static struct { timer_t id; clockid_t clock; bool used; } timers[TIMERS];
static pthread_mutex_t timers_lock = PTHREAD_MUTEX_INITIALIZER;

static clockid_t clock_of_timer(timer_t id) {
  clockid_t clock = CLOCK_REALTIME;
  pthread_mutex_lock(&timers_lock);
  for (int i = 0; i < TIMERS; i++) {
    if (timers[i].used && timers[i].id == id) clock = timers[i].clock;
  }
  pthread_mutex_unlock(&timers_lock);
  return clock;
}
int timer_create(clockid_t clock, struct sigevent* event, timer_t* id) {
  int rc = NEXT_VERSION(timer_create, "GLIBC_2.34")(clock, event, id);
  if (rc) return rc;
  pthread_mutex_lock(&timers_lock);
  for (int i = 0; i < TIMERS; i++) {
    if (timers[i].used) continue;
    timers[i].id = *id;
    timers[i].clock = clock;
    timers[i].used = true;
    break;
  }
  pthread_mutex_unlock(&timers_lock);
  return rc;
}
int timer_delete(timer_t id) {
  pthread_mutex_lock(&timers_lock);
  for (int i = 0; i < TIMERS; i++) {
    if (timers[i].used && timers[i].id == id) timers[i].used = false;
  }
  pthread_mutex_unlock(&timers_lock);
  return NEXT_VERSION(timer_delete, "GLIBC_2.34")(id);
}
int timer_settime(timer_t id, int flags, const struct itimerspec* timer, struct itimerspec* old) {
  clockid_t clock = timer ? clock_of_timer(id) : CLOCK_REALTIME;
  if (!timer || !warp_changes(clock)) return NEXT_VERSION(timer_settime, "GLIBC_2.34")(id, flags, timer, old);
  struct itimerspec real = timer_to_real(clock, flags & TIMER_ABSTIME, timer);
  int rc = NEXT_VERSION(timer_settime, "GLIBC_2.34")(id, flags, &real, old);
  if (rc == 0 && old) timer_to_virtual(old);
  return rc;
}
int timer_gettime(timer_t id, struct itimerspec* timer) {
  int rc = NEXT_VERSION(timer_gettime, "GLIBC_2.34")(id, timer);
  if (rc == 0 && warp_changes(clock_of_timer(id))) timer_to_virtual(timer);
  return rc;
}
