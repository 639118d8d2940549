// The shim's waits: sleeping, waiting for files and sockets, for locks and conditions, for signals, and raw futexes.
#include "harness/timewarp/warp.h"

#include <errno.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <threads.h>
#include <unistd.h>

// ---- sleeping ----

int clock_nanosleep(clockid_t clock, int flags, const struct timespec* span, struct timespec* left) {
  struct timespec room;
  if (!warp_changes(clock)) return NEXT(clock_nanosleep)(clock, flags, span, left);
  if (flags & TIMER_ABSTIME) return NEXT(clock_nanosleep)(clock, flags, warp_point(clock, span, &room), left);
  int error = NEXT(clock_nanosleep)(clock, flags, warp_span(span, &room), left);
  if (error == EINTR && left) *left = warp_timespec(warp_span_to_virtual(warp_ns(left)));
  return error;
}
int nanosleep(const struct timespec* span, struct timespec* left) {
  if (!warp_on()) return NEXT(nanosleep)(span, left);
  int error = clock_nanosleep(CLOCK_MONOTONIC, 0, span, left);
  if (error) errno = error;
  return error ? -1 : 0;
}
int usleep(useconds_t us) {
  struct timespec span = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
  return nanosleep(&span, NULL);
}
unsigned sleep(unsigned seconds) {
  struct timespec span = {.tv_sec = seconds}, left = {0};
  return nanosleep(&span, &left) ? (unsigned)(left.tv_sec + (left.tv_nsec > 0)) : 0;
}
int thrd_sleep(const struct timespec* span, struct timespec* left) {
  int error = clock_nanosleep(CLOCK_REALTIME, 0, span, left);
  return error == 0 ? 0 : error == EINTR ? -1 : -2;
}

// ---- files and sockets. Milliseconds are too coarse once divided, so the calls that take nanoseconds stand in ----

int ppoll(struct pollfd* fds, nfds_t count, const struct timespec* span, const sigset_t* mask) {
  struct timespec room;
  return NEXT(ppoll)(fds, count, warp_span(span, &room), mask);
}
int poll(struct pollfd* fds, nfds_t count, int ms) {
  if (ms <= 0 || !warp_on()) return NEXT(poll)(fds, count, ms);
  struct timespec span = warp_timespec(ms * 1000000LL);
  return ppoll(fds, count, &span, NULL);
}
int __poll_chk(struct pollfd* fds, nfds_t count, int ms, size_t size) { (void)size; return poll(fds, count, ms); }
int __ppoll_chk(struct pollfd* fds, nfds_t count, const struct timespec* span, const sigset_t* mask, size_t size) {
  (void)size;
  return ppoll(fds, count, span, mask);
}
int pselect(int count, fd_set* in, fd_set* out, fd_set* error, const struct timespec* span, const sigset_t* mask) {
  struct timespec room;
  return NEXT(pselect)(count, in, out, error, warp_span(span, &room), mask);
}
// Linux writes back what is left of the time-out, and some programs rely on it.
int select(int count, fd_set* in, fd_set* out, fd_set* error, struct timeval* span) {
  if (!span || !warp_on()) return NEXT(select)(count, in, out, error, span);
  struct timeval real = warp_timeval(warp_span_to_real(warp_timeval_ns(span)));
  int rc = NEXT(select)(count, in, out, error, &real);
  *span = warp_timeval(warp_span_to_virtual(warp_timeval_ns(&real)));
  return rc;
}
int epoll_pwait2(int epoll, struct epoll_event* events, int max, const struct timespec* span, const sigset_t* mask) {
  struct timespec room;
  return NEXT(epoll_pwait2)(epoll, events, max, warp_span(span, &room), mask);
}
int epoll_pwait(int epoll, struct epoll_event* events, int max, int ms, const sigset_t* mask) {
  if (ms <= 0 || !warp_on()) return NEXT(epoll_pwait)(epoll, events, max, ms, mask);
  struct timespec span = warp_timespec(ms * 1000000LL);
  int rc = epoll_pwait2(epoll, events, max, &span, mask);
  if (rc >= 0 || errno != ENOSYS) return rc;
  int real = (int)(ms / warp_state.factor);  // a kernel older than 5.11
  return NEXT(epoll_pwait)(epoll, events, max, real < 1 ? 1 : real, mask);
}
int epoll_wait(int epoll, struct epoll_event* events, int max, int ms) {
  return ms > 0 && warp_on() ? epoll_pwait(epoll, events, max, ms, NULL) : NEXT(epoll_wait)(epoll, events, max, ms);
}
int recvmmsg(int fd, struct mmsghdr* messages, unsigned count, int flags, struct timespec* span) {
  if (!span || !warp_on()) return NEXT(recvmmsg)(fd, messages, count, flags, span);
  struct timespec real = warp_timespec(warp_span_to_real(warp_ns(span)));
  int rc = NEXT(recvmmsg)(fd, messages, count, flags, &real);
  *span = warp_timespec(warp_span_to_virtual(warp_ns(&real)));
  return rc;
}
int setsockopt(int fd, int level, int option, const void* value, socklen_t size) {
  if (warp_on() && level == SOL_SOCKET && (option == SO_RCVTIMEO || option == SO_SNDTIMEO) && size == sizeof(struct timeval)) {
    struct timeval real = warp_timeval(warp_span_to_real(warp_timeval_ns(value)));
    return NEXT(setsockopt)(fd, level, option, &real, sizeof real);
  }
  if (warp_on() && level == IPPROTO_TCP && option == TCP_USER_TIMEOUT && size == sizeof(unsigned)) {
    unsigned ms = *(const unsigned*)value, real = (unsigned)(ms / warp_state.factor);
    if (ms && !real) real = 1;
    return NEXT(setsockopt)(fd, level, option, &real, sizeof real);
  }
  return NEXT(setsockopt)(fd, level, option, value, size);
}
int getsockopt(int fd, int level, int option, void* value, socklen_t* size) {
  int rc = NEXT(getsockopt)(fd, level, option, value, size);
  if (rc || !warp_on()) return rc;
  if (level == SOL_SOCKET && (option == SO_RCVTIMEO || option == SO_SNDTIMEO) && *size == sizeof(struct timeval)) {
    *(struct timeval*)value = warp_timeval(warp_span_to_virtual(warp_timeval_ns(value)));
  }
  return rc;
}

// ---- locks and conditions: all absolute ----

// glibc keeps a condition's clock in the second bit of __wrefs (nptl/pthread_cond_common.c, __condvar_get_clock...).
int pthread_cond_timedwait(pthread_cond_t* condition, pthread_mutex_t* mutex, const struct timespec* until) {
  clockid_t clock = condition->__data.__wrefs & 2 ? CLOCK_MONOTONIC : CLOCK_REALTIME;
  struct timespec room;
  return NEXT_VERSION(pthread_cond_timedwait, "GLIBC_2.3.2")(condition, mutex, warp_point(clock, until, &room));
}
int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock, const struct timespec* until) {
  struct timespec room;
  return NEXT(pthread_cond_clockwait)(condition, mutex, clock, warp_point(clock, until, &room));
}
int cnd_timedwait(cnd_t* condition, mtx_t* mutex, const struct timespec* until) {
  struct timespec room;
  return NEXT(cnd_timedwait)(condition, mutex, warp_point(CLOCK_REALTIME, until, &room));
}
#define WALL_LOCK(name, Type)                                            \
  int name(Type* lock, const struct timespec* until) {                   \
    struct timespec room;                                                \
    return NEXT(name)(lock, warp_point(CLOCK_REALTIME, until, &room));   \
  }
#define CLOCK_LOCK(name, Type)                                               \
  int name(Type* lock, clockid_t clock, const struct timespec* until) {      \
    struct timespec room;                                                    \
    return NEXT(name)(lock, clock, warp_point(clock, until, &room));         \
  }
WALL_LOCK(pthread_mutex_timedlock, pthread_mutex_t)
WALL_LOCK(pthread_rwlock_timedrdlock, pthread_rwlock_t)
WALL_LOCK(pthread_rwlock_timedwrlock, pthread_rwlock_t)
WALL_LOCK(sem_timedwait, sem_t)
WALL_LOCK(mtx_timedlock, mtx_t)
CLOCK_LOCK(pthread_mutex_clocklock, pthread_mutex_t)
CLOCK_LOCK(pthread_rwlock_clockrdlock, pthread_rwlock_t)
CLOCK_LOCK(pthread_rwlock_clockwrlock, pthread_rwlock_t)
CLOCK_LOCK(sem_clockwait, sem_t)

int pthread_timedjoin_np(pthread_t thread, void** value, const struct timespec* until) {
  struct timespec room;
  return NEXT(pthread_timedjoin_np)(thread, value, warp_point(CLOCK_REALTIME, until, &room));
}
int pthread_clockjoin_np(pthread_t thread, void** value, clockid_t clock, const struct timespec* until) {
  struct timespec room;
  return NEXT(pthread_clockjoin_np)(thread, value, clock, warp_point(clock, until, &room));
}
int mq_timedsend(mqd_t queue, const char* text, size_t size, unsigned priority, const struct timespec* until) {
  struct timespec room;
  return NEXT(mq_timedsend)(queue, text, size, priority, warp_point(CLOCK_REALTIME, until, &room));
}
ssize_t mq_timedreceive(mqd_t queue, char* restrict text, size_t size, unsigned* restrict priority, const struct timespec* restrict until) {
  struct timespec room;
  return NEXT(mq_timedreceive)(queue, text, size, priority, warp_point(CLOCK_REALTIME, until, &room));
}
int semtimedop(int set, struct sembuf* operations, size_t count, const struct timespec* span) {
  struct timespec room;
  return NEXT(semtimedop)(set, operations, count, warp_span(span, &room));
}
int sigtimedwait(const sigset_t* set, siginfo_t* info, const struct timespec* span) {
  struct timespec room;
  return NEXT(sigtimedwait)(set, info, warp_span(span, &room));
}

// ---- syscall(2): libstdc++ waits for atomics, futures and semaphores by raw futex calls; V8 and others do likewise ----

static const struct timespec* futex_time(int operation, const struct timespec* t, struct timespec* room) {
  switch (operation & FUTEX_CMD_MASK) {
    case FUTEX_WAIT: return warp_span(t, room);
    case FUTEX_WAIT_BITSET: case FUTEX_WAIT_REQUEUE_PI: case FUTEX_LOCK_PI2:
      return warp_point(operation & FUTEX_CLOCK_REALTIME ? CLOCK_REALTIME : CLOCK_MONOTONIC, t, room);
    case FUTEX_LOCK_PI: return warp_point(CLOCK_REALTIME, t, room);
    default: return t;  // of the others this argument is a number, not a time
  }
}
long syscall(long number, ...) {
  long a[6];
  va_list list;
  va_start(list, number);
  for (int i = 0; i < 6; i++) a[i] = va_arg(list, long);
  va_end(list);
  struct timespec room;
  if (warp_on()) {
    switch (number) {
      case SYS_futex: a[3] = (long)futex_time((int)a[1], (const struct timespec*)a[3], &room); break;
#ifdef SYS_futex_waitv
      case SYS_futex_waitv: a[3] = (long)warp_point((clockid_t)a[4], (const struct timespec*)a[3], &room); break;
#endif
      case SYS_clock_gettime: return clock_gettime((clockid_t)a[0], (struct timespec*)a[1]);
      case SYS_gettimeofday: return gettimeofday((struct timeval*)a[0], NULL);
#ifdef SYS_time
      case SYS_time: return time((time_t*)a[0]);
#endif
      case SYS_nanosleep: return nanosleep((const struct timespec*)a[0], (struct timespec*)a[1]);
      case SYS_clock_nanosleep: {
        int error = clock_nanosleep((clockid_t)a[0], (int)a[1], (const struct timespec*)a[2], (struct timespec*)a[3]);
        if (error) errno = error;
        return error ? -1 : 0;
      }
      case SYS_epoll_pwait2: a[3] = (long)warp_span((const struct timespec*)a[3], &room); break;
      case SYS_timerfd_settime:
        return timerfd_settime((int)a[0], (int)a[1], (const struct itimerspec*)a[2], (struct itimerspec*)a[3]);
      default: break;
    }
  }
  return NEXT(syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
