// The preload shim, wait by wait: each must end when the program's own clock says so, and N times sooner by the real one.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "harness/timewarp/environment.h"

namespace {

using harness::timewarp::Clock;

const std::string kProbe = WARP_PROBE;
const std::string kShim = TIMEWARP_SO;
constexpr double kFactor = 50;

struct Output {
  int status = -1;
  std::string out;
};
// `timeout` of coreutils is not under the shim: a wait that hangs is killed after 20 real seconds.
Output run_with(const std::vector<std::string>& environment, const std::string& command) {
  std::string line = "timeout -k 1 20 env";
  for (const auto& entry : environment) line += " '" + entry + "'";
  line += " " + command + " 2>&1";
  Output run;
  FILE* pipe = ::popen(line.c_str(), "r");
  if (pipe == nullptr) return run;
  std::array<char, 4096> room{};
  while (const std::size_t n = std::fread(room.data(), 1, room.size(), pipe)) run.out.append(room.data(), n);
  run.status = ::pclose(pipe);
  return run;
}
std::vector<std::string> warped(const Clock& clock) {
  std::vector<std::string> environment;
  harness::timewarp::put_under(clock, kShim, environment);
  return environment;
}
std::vector<double> numbers(const std::string& text) {
  std::istringstream in(text);
  std::vector<double> all;
  for (double value = 0; in >> value;) all.push_back(value);
  return all;
}

class Wait : public testing::TestWithParam<std::string> {};

TEST_P(Wait, EndsOnTimeByItsOwnClockAndFiftyTimesSoonerByTheRealOne) {
  const Output run = run_with(warped(Clock::starting_now(kFactor)), kProbe + " " + GetParam());

  ASSERT_EQ(run.status, 0) << "hung or failed: " << run.out;
  const auto took = numbers(run.out);
  ASSERT_EQ(took.size(), 2U) << run.out;
  EXPECT_GE(took[0], 4.999) << "it ended before its time";
  EXPECT_GE(took[1], 0.0999) << "it ended before its time";
  EXPECT_LT(took[1], 2.5) << "it was not compressed";
  EXPECT_NEAR(took[0], took[1] * kFactor, 0.5 + took[1]) << "the clock and the wait disagree";
}

INSTANTIATE_TEST_SUITE_P(Timewarp, Wait,
    testing::Values("sleep_for", "sleep_until_steady", "sleep_until_system", "nanosleep", "usleep", "sleep", "thrd_sleep", "clock_nanosleep",
                    "clock_nanosleep_absolute_monotonic", "clock_nanosleep_absolute_wall", "clock_nanosleep_boottime", "syscall_nanosleep",
                    "syscall_clock_nanosleep", "poll", "ppoll", "select", "pselect", "epoll_wait", "epoll_pwait", "epoll_pwait2", "timerfd_relative",
                    "timerfd_absolute_monotonic", "timerfd_absolute_wall", "timer_create_relative", "timer_create_absolute_wall", "setitimer",
                    "alarm", "sigtimedwait", "receive_timeout", "condition_wait_for", "condition_wait_until_steady", "condition_wait_until_system",
                    "condition_any_wait_for", "pthread_cond_timedwait_monotonic", "cnd_timedwait", "future_wait_for", "semaphore_try_acquire_for",
                    "timed_mutex_try_lock_for", "shared_timed_mutex_try_lock_shared_for", "pthread_mutex_timedlock", "sem_timedwait",
                    "sem_clockwait", "syscall_futex_wait", "pthread_timedjoin", "asio_steady_timer", "asio_system_timer", "asio_fifty_timers"),
    [](const auto& wait) { return wait.param; });

TEST(Timewarp, EveryWaitOfTheProbeIsTested) {
  const Output run = run_with({}, kProbe + " --list");

  std::ifstream self(std::string(BROWNOUT_SOURCE_DIR) + "/tests/harness/timewarp/timewarp_test.cpp");
  const std::string text(std::istreambuf_iterator<char>(self), {});
  std::istringstream names(run.out);
  int count = 0;
  for (std::string name; std::getline(names, name); ++count) EXPECT_NE(text.find('"' + name + '"'), std::string::npos) << name;
  EXPECT_GT(count, 40);
}

TEST(Timewarp, ProcessesThatStartAtDifferentTimesShareOneClock) {
  const Clock clock = Clock::starting_now(kFactor);
  for (int i = 0; i < 2; ++i) {
    const auto c = numbers(run_with(warped(clock), kProbe + " --clocks").out);
    ASSERT_EQ(c.size(), 10U);
    const double expected = static_cast<double>(clock.to_virtual(static_cast<std::int64_t>(c[0] * 1e9))) / 1e9;
    // One millisecond of real time between the readings is 50 ms here.
    EXPECT_NEAR(c[1], expected, 1.0) << "monotonic";
    const double since_zero = c[1] - static_cast<double>(clock.monotonic_zero) / 1e9;
    EXPECT_NEAR(c[2], static_cast<double>(clock.wall_zero) / 1e9 + since_zero, 1.0) << "wall";
    EXPECT_NEAR(c[6], c[1], 1.0) << "by syscall(2)";
    EXPECT_NEAR(c[4], c[1], 1.0) << "coarse";
    EXPECT_NEAR(c[7], c[2], 1.0) << "gettimeofday";
    EXPECT_NEAR(c[8], c[2], 1.5) << "time";
    EXPECT_LT(c[9], 2.0) << "CPU time is not multiplied";
    EXPECT_EQ(clock.to_real(clock.to_virtual(clock.monotonic_zero + 3'000'000'000)), clock.monotonic_zero + 3'000'000'000);
  }
}

TEST(Timewarp, AProcessWithoutAZeroHandsItsOwnToItsChildren) {
  const Output run = run_with({"LD_PRELOAD=" + kShim, "TIMEWARP=50:0:0"}, "sh -c 'echo $TIMEWARP; sh -c \"echo \\$TIMEWARP\"'");

  std::istringstream in(run.out);
  std::string first, second;
  std::getline(in, first);
  std::getline(in, second);
  EXPECT_EQ(first, second);
  EXPECT_EQ(first.find("50:0"), std::string::npos) << first;
  EXPECT_EQ(first.rfind("50:", 0), 0U) << first;
}

TEST(Timewarp, AFileWrittenNowIsNeitherOldNorInTheFuture) {
  const std::string path = testing::TempDir() + "/warp-file-" + std::to_string(::getpid());
  const auto age = numbers(run_with(warped(Clock::starting_now(kFactor)), kProbe + " --file-age " + path).out);

  ASSERT_EQ(age.size(), 1U);
  EXPECT_GE(age[0], 4.5);  // written, then waited 5 s; the file system's stamps are a few real ms coarse
  EXPECT_LT(age[0], 20);
  ::unlink(path.c_str());
}

TEST(Timewarp, AnInterruptedSleepTellsWhatIsLeftInTheSleepersTime) {
  const auto left = numbers(run_with(warped(Clock::starting_now(kFactor)), kProbe + " --interrupted").out);

  ASSERT_EQ(left.size(), 2U);
  EXPECT_EQ(left[0], -1);
  EXPECT_GT(left[1], 0.5);
  EXPECT_LE(left[1], 3.01);
}

TEST(Timewarp, WithFactorOneNothingIsSet) {
  EXPECT_TRUE(warped(Clock::starting_now(1)).empty());
}

TEST(Timewarp, OtherPreloadsAndSanitizerOptionsAreKept) {
  std::vector<std::string> environment{"LD_PRELOAD=/usr/lib/other.so", "ASAN_OPTIONS=log_path=x", "A=b"};

  harness::timewarp::put_under(Clock::starting_now(20), "/x/timewarp.so", environment);

  EXPECT_EQ(environment[0], "LD_PRELOAD=/x/timewarp.so:/usr/lib/other.so");
  EXPECT_EQ(environment[1], "ASAN_OPTIONS=verify_asan_link_order=0:log_path=x");
  EXPECT_EQ(environment[2], "A=b");
  EXPECT_EQ(environment[3].rfind("TIMEWARP=20:", 0), 0U);
}

TEST(Timewarp, NodesTimersAreCompressed) {
  if (std::system("node --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "node is not installed";
  const std::string script =
      "const r=process.hrtime.bigint(),d=Date.now();"
      "setTimeout(async()=>{const a=Number(process.hrtime.bigint()-r)/1e9,b=(Date.now()-d)/1e3;"
      "const t=performance.now();await require(\"timers/promises\").setTimeout(5000);"
      "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)),0,0,5000);"
      "await new Promise(k=>AbortSignal.timeout(5000).addEventListener(\"abort\",k));"
      "console.log(a,b,(performance.now()-t)/1e3);process.exit()},5000);setInterval(()=>{},1000);";
  std::ofstream(testing::TempDir() + "/warp.js") << script;
  const auto from = std::chrono::steady_clock::now();

  const Output run = run_with(warped(Clock::starting_now(20)), "node " + testing::TempDir() + "/warp.js");

  const double real = std::chrono::duration<double>(std::chrono::steady_clock::now() - from).count();
  const auto took = numbers(run.out);
  ASSERT_EQ(took.size(), 3U) << run.out;
  EXPECT_GE(took[0], 4.99);
  EXPECT_GE(took[1], 4.99);
  EXPECT_GE(took[2], 14.9);
  EXPECT_LT(real, 15) << "20 s of Node's own time, at a twentieth";
}

}  // namespace
