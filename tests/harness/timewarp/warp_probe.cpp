// A program with one wait of each kind that C++20, Asio and POSIX programs use. `warp_probe NAME` waits for kWait of its own time and prints
// how long that took by its own clock and by the real one, which it reads with an instruction nobody can replace.
#include <fcntl.h>
#include <mqueue.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>
#include <linux/futex.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/system_timer.hpp>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <future>
#include <mutex>
#include <semaphore>
#include <shared_mutex>
#include <stop_token>
#include <thread>

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using std::chrono::system_clock;

constexpr auto kWait = 5s;
constexpr int kMs = 5000;
constexpr timespec kSpan{.tv_sec = 5, .tv_nsec = 0};

std::int64_t real_ns() {
#if defined(__x86_64__)
  timespec t{};
  long rc = 0;
  __asm__ volatile("syscall" : "=a"(rc) : "a"(SYS_clock_gettime), "D"(long{CLOCK_MONOTONIC}), "S"(&t) : "rcx", "r11", "memory");
  return t.tv_sec * 1'000'000'000LL + t.tv_nsec;
#else
#error "read the real clock without libc on this machine"
#endif
}
timespec after(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  t.tv_sec += kSpan.tv_sec;
  return t;
}
timespec wall_end() { return after(CLOCK_REALTIME); }
struct Pipe {
  int ends[2]{};
  Pipe() {
    if (pipe(ends) != 0) _exit(9);
  }
};
itimerspec once(timespec t) { return {.it_interval = {}, .it_value = t}; }
void wait_for_timerfd(clockid_t clock, int flags, timespec t) {
  const int fd = timerfd_create(clock, 0);
  const itimerspec timer = once(t);
  timerfd_settime(fd, flags, &timer, nullptr);
  std::uint64_t fired = 0;
  if (read(fd, &fired, sizeof fired) < 0) _exit(9);
}
void block(sigset_t& set, int signal) {
  sigemptyset(&set);
  sigaddset(&set, signal);
  sigprocmask(SIG_BLOCK, &set, nullptr);
}
void wait_for_signal(int signal, void (*arm)()) {
  sigset_t set;
  block(set, signal);
  arm();
  int got = 0;
  sigwait(&set, &got);
}
void wait_for_posix_timer(clockid_t clock, int flags, timespec t) {
  sigset_t set;
  block(set, SIGUSR1);
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGUSR1;
  timer_t timer{};
  if (timer_create(clock, &event, &timer) != 0) _exit(9);
  const itimerspec value = once(t);
  timer_settime(timer, flags, &value, nullptr);
  int got = 0;
  sigwait(&set, &got);
  timer_delete(timer);
}
/// A lock that another thread holds for good.
template <class Lock, class Wait>
void held_by_another(Lock lock, Wait wait) {
  std::binary_semaphore held{0};
  std::binary_semaphore done{0};
  std::thread other([&] {
    lock();
    held.release();
    done.acquire();
  });
  held.acquire();
  wait();
  done.release();
  other.detach();
}
void receive_timeout() {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0) _exit(9);
  const timeval t{.tv_sec = 5, .tv_usec = 0};
  setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
  timeval told{};
  socklen_t size = sizeof told;
  getsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &told, &size);
  if (told.tv_sec < 4 || told.tv_sec > 6) _exit(8);
  char c = 0;
  if (recv(pair[0], &c, 1, 0) >= 0) _exit(9);
}
void asio_chain() {
  // Fifty timers one after the other, as a retry loop arms them: the error must not add up.
  boost::asio::io_context io;
  boost::asio::steady_timer timer(io);
  int left = 50;
  std::function<void()> next = [&] {
    if (left-- == 0) return;
    timer.expires_after(100ms);
    timer.async_wait([&](auto) { next(); });
  };
  next();
  io.run();
}
template <class Timer>
void asio_timer() {
  boost::asio::io_context io;
  Timer timer(io);
  timer.expires_after(kWait);
  timer.async_wait([](auto) {});
  io.run();
}

const std::map<std::string, void (*)()>& waits() {
  static const std::map<std::string, void (*)()> all{
      {"sleep_for", [] { std::this_thread::sleep_for(kWait); }},
      {"sleep_until_steady", [] { std::this_thread::sleep_until(steady_clock::now() + kWait); }},
      {"sleep_until_system", [] { std::this_thread::sleep_until(system_clock::now() + kWait); }},
      {"nanosleep", [] { nanosleep(&kSpan, nullptr); }},
      {"usleep", [] { usleep(kMs * 1000); }},
      {"sleep", [] { sleep(5); }},
      {"thrd_sleep", [] { thrd_sleep(&kSpan, nullptr); }},
      {"clock_nanosleep", [] { clock_nanosleep(CLOCK_MONOTONIC, 0, &kSpan, nullptr); }},
      {"clock_nanosleep_absolute_monotonic", [] { auto t = after(CLOCK_MONOTONIC); clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, nullptr); }},
      {"clock_nanosleep_absolute_wall", [] { auto t = wall_end(); clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, nullptr); }},
      {"clock_nanosleep_boottime", [] { clock_nanosleep(CLOCK_BOOTTIME, 0, &kSpan, nullptr); }},
      {"syscall_nanosleep", [] { syscall(SYS_nanosleep, &kSpan, nullptr); }},
      {"syscall_clock_nanosleep", [] { auto t = after(CLOCK_MONOTONIC); syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &t, nullptr); }},
      {"poll", [] { Pipe p; pollfd f{p.ends[0], POLLIN, 0}; poll(&f, 1, kMs); }},
      {"ppoll", [] { Pipe p; pollfd f{p.ends[0], POLLIN, 0}; ppoll(&f, 1, &kSpan, nullptr); }},
      {"select", [] { Pipe p; fd_set s; FD_ZERO(&s); FD_SET(p.ends[0], &s); timeval t{5, 0}; select(p.ends[0] + 1, &s, nullptr, nullptr, &t); }},
      {"pselect", [] { Pipe p; fd_set s; FD_ZERO(&s); FD_SET(p.ends[0], &s); pselect(p.ends[0] + 1, &s, nullptr, nullptr, &kSpan, nullptr); }},
      {"epoll_wait", [] { epoll_event e; epoll_wait(epoll_create1(0), &e, 1, kMs); }},
      {"epoll_pwait", [] { epoll_event e; epoll_pwait(epoll_create1(0), &e, 1, kMs, nullptr); }},
      {"epoll_pwait2", [] { epoll_event e; epoll_pwait2(epoll_create1(0), &e, 1, &kSpan, nullptr); }},
      {"timerfd_relative", [] { wait_for_timerfd(CLOCK_MONOTONIC, 0, kSpan); }},
      {"timerfd_absolute_monotonic", [] { wait_for_timerfd(CLOCK_MONOTONIC, TFD_TIMER_ABSTIME, after(CLOCK_MONOTONIC)); }},
      {"timerfd_absolute_wall", [] { wait_for_timerfd(CLOCK_REALTIME, TFD_TIMER_ABSTIME, wall_end()); }},
      {"timer_create_relative", [] { wait_for_posix_timer(CLOCK_MONOTONIC, 0, kSpan); }},
      {"timer_create_absolute_wall", [] { wait_for_posix_timer(CLOCK_REALTIME, TIMER_ABSTIME, wall_end()); }},
      {"setitimer", [] { wait_for_signal(SIGALRM, [] { itimerval t{{0, 0}, {5, 0}}; setitimer(ITIMER_REAL, &t, nullptr); }); }},
      {"alarm", [] { wait_for_signal(SIGALRM, [] { alarm(5); }); }},
      {"sigtimedwait", [] { sigset_t s; block(s, SIGUSR2); sigtimedwait(&s, nullptr, &kSpan); }},
      {"receive_timeout", receive_timeout},
      {"condition_wait_for", [] { std::mutex m; std::condition_variable c; std::unique_lock l(m); c.wait_for(l, kWait, [] { return false; }); }},
      {"condition_wait_until_steady", [] { std::mutex m; std::condition_variable c; std::unique_lock l(m); auto t = steady_clock::now() + kWait; c.wait_until(l, t, [] { return false; }); }},
      {"condition_wait_until_system", [] { std::mutex m; std::condition_variable c; std::unique_lock l(m); auto t = system_clock::now() + kWait; c.wait_until(l, t, [] { return false; }); }},
      {"condition_any_wait_for", [] { std::mutex m; std::condition_variable_any c; std::unique_lock l(m); std::stop_source stop; c.wait_for(l, stop.get_token(), kWait, [] { return false; }); }},
      {"pthread_cond_timedwait_monotonic", [] {
         pthread_condattr_t a; pthread_condattr_init(&a); pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
         pthread_cond_t c; pthread_cond_init(&c, &a); pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER; pthread_mutex_lock(&m);
         auto t = after(CLOCK_MONOTONIC); while (pthread_cond_timedwait(&c, &m, &t) == 0) {} }},
      {"cnd_timedwait", [] { cnd_t c; mtx_t m; cnd_init(&c); mtx_init(&m, mtx_plain); mtx_lock(&m); auto t = wall_end(); while (cnd_timedwait(&c, &m, &t) == thrd_success) {} }},
      {"future_wait_for", [] { std::promise<void> p; auto f = p.get_future(); f.wait_for(kWait); }},
      {"semaphore_try_acquire_for", [] { std::counting_semaphore<1> s{0}; (void)s.try_acquire_for(kWait); }},
      {"timed_mutex_try_lock_for", [] { static std::timed_mutex m; held_by_another([] { m.lock(); }, [] { (void)m.try_lock_for(kWait); }); }},
      {"shared_timed_mutex_try_lock_shared_for", [] { static std::shared_timed_mutex m; held_by_another([] { m.lock(); }, [] { (void)m.try_lock_shared_for(kWait); }); }},
      {"pthread_mutex_timedlock", [] { static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER; held_by_another([] { pthread_mutex_lock(&m); }, [] { auto t = wall_end(); pthread_mutex_timedlock(&m, &t); }); }},
      {"sem_timedwait", [] { sem_t s; sem_init(&s, 0, 0); auto t = wall_end(); sem_timedwait(&s, &t); }},
      {"sem_clockwait", [] { sem_t s; sem_init(&s, 0, 0); auto t = after(CLOCK_MONOTONIC); sem_clockwait(&s, CLOCK_MONOTONIC, &t); }},
      {"syscall_futex_wait", [] { int word = 0; syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &kSpan, nullptr, 0); }},
      {"pthread_timedjoin", [] { std::thread t([] { pause(); }); auto end = wall_end(); pthread_timedjoin_np(t.native_handle(), nullptr, &end); t.detach(); }},
      {"asio_steady_timer", asio_timer<boost::asio::steady_timer>},
      {"asio_system_timer", asio_timer<boost::asio::system_timer>},
      {"asio_fifty_timers", asio_chain},
  };
  return all;
}

int measure(const std::string& name) {
  const auto found = waits().find(name);
  if (found == waits().end()) return 2;
  const auto real_from = real_ns();
  const auto own_from = steady_clock::now();
  found->second();
  const double own = std::chrono::duration<double>(steady_clock::now() - own_from).count();
  std::printf("%.6f %.6f\n", own, static_cast<double>(real_ns() - real_from) / 1e9);
  return 0;
}

// Every clock's now, one line, so that two processes can be compared: monotonic, wall, and the real monotonic one.
int clocks() {
  timespec monotonic{}, wall{}, raw{}, coarse{}, boot{}, by_syscall{}, cpu{};
  const auto real = real_ns();
  clock_gettime(CLOCK_MONOTONIC, &monotonic);
  clock_gettime(CLOCK_REALTIME, &wall);
  clock_gettime(CLOCK_MONOTONIC_RAW, &raw);
  clock_gettime(CLOCK_MONOTONIC_COARSE, &coarse);
  clock_gettime(CLOCK_BOOTTIME, &boot);
  syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &by_syscall);
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
  timeval day{};
  gettimeofday(&day, nullptr);
  const auto s = [](timespec t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9; };
  std::printf("%.6f %.6f %.6f %.6f %.6f %.6f %.6f %.6f %ld %.6f\n", static_cast<double>(real) / 1e9, s(monotonic), s(wall), s(raw), s(coarse), s(boot),
              s(by_syscall), static_cast<double>(day.tv_sec) + static_cast<double>(day.tv_usec) / 1e6, static_cast<long>(time(nullptr)), s(cpu));
  return 0;
}

// Nanoseconds of one call, for docs/timewarp.md.
int cost() {
  constexpr int kCalls = 2'000'000;
  const auto from = real_ns();
  for (int i = 0; i < kCalls; ++i) (void)steady_clock::now();
  const auto middle = real_ns();
  for (int i = 0; i < kCalls / 10; ++i) { Pipe* none = nullptr; (void)none; pollfd f{-1, 0, 0}; poll(&f, 1, 0); }
  const auto end = real_ns();
  std::printf("now %.1f poll %.1f\n", static_cast<double>(middle - from) / kCalls, static_cast<double>(end - middle) / (kCalls / 10.0));
  return 0;
}

// A file written now is not in the future and not old, by this process' own clock.
int file_age(const char* path) {
  const int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0 || write(fd, "x", 1) != 1) return 9;
  std::this_thread::sleep_for(kWait);
  struct stat s{};
  if (fstat(fd, &s) != 0) return 9;
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  std::printf("%.6f\n", static_cast<double>(now.tv_sec - s.st_mtim.tv_sec) + static_cast<double>(now.tv_nsec - s.st_mtim.tv_nsec) / 1e9);
  close(fd);
  return 0;
}

// An interrupted sleep tells what is left in the sleeper's own time.
int interrupted() {
  struct sigaction action{};
  action.sa_handler = [](int) {};
  sigaction(SIGALRM, &action, nullptr);
  const itimerval soon{{0, 0}, {2, 0}};
  setitimer(ITIMER_REAL, &soon, nullptr);
  timespec left{};
  const int rc = nanosleep(&kSpan, &left);
  std::printf("%d %.6f\n", rc, static_cast<double>(left.tv_sec) + static_cast<double>(left.tv_nsec) / 1e9);
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  const std::string what = count > 1 ? arguments[1] : "";
  if (what == "--list") {
    for (const auto& [name, wait] : waits()) std::puts(name.c_str());
    return 0;
  }
  if (what == "--clocks") return clocks();
  if (what == "--cost") return cost();
  if (what == "--file-age" && count > 2) return file_age(arguments[2]);
  if (what == "--interrupted") return interrupted();
  return measure(what);
}
