// One gateway per state, who it is, and the planned-stop marker.
#include "gateway/service/instance.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "tests/gateway/store/folder.h"

namespace gateway {
namespace {

using namespace std::chrono_literals;
const base::WallTime kNow{1'800'000'000s};

TEST(InstanceLock, OneHolderAtATimeAndItDiesWithItsProcess) {
  Folder folder;
  const auto file = folder / "g.db.lock";
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const auto child = ::fork();
  if (child == 0) {
    auto lock = InstanceLock::try_take(file);
    lock.value()->write({own_process(), "127.0.0.1:1", "127.0.0.1:2", "1", "c.json", kNow});
    (void)!::write(ready[1], "x", 1);
    ::pause();
    ::_exit(0);
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);

  auto refused = InstanceLock::try_take(file);
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused.value(), nullptr);
  const auto holder = running_instance(file);
  ASSERT_TRUE(holder.has_value());
  EXPECT_EQ(holder->process.pid, child);
  EXPECT_EQ(holder->listen, "127.0.0.1:1");
  EXPECT_EQ(holder->started, kNow);

  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);

  EXPECT_FALSE(running_instance(file)) << "the text is stale, its process is gone";
  auto taken = InstanceLock::try_take(file);
  ASSERT_TRUE(taken.has_value());
  EXPECT_NE(taken.value(), nullptr);
}

TEST(InstanceInfo, AReusedPidIsNotTheOldProcess) {
  Folder folder;
  const auto file = folder / "lock";
  auto lock = InstanceLock::try_take(file);
  auto stranger = own_process();
  stranger.start += 1;

  lock.value()->write({stranger, "", "", "", "", kNow});

  EXPECT_FALSE(running_instance(file));
}

TEST(InstanceInfo, GarbageInTheFileIsNobody) {
  Folder folder;
  const auto file = folder / "lock";
  std::ofstream(file) << "\x01{not json";

  EXPECT_FALSE(running_instance(file));
  EXPECT_FALSE(running_instance(folder / "none"));
}

TEST(Process, AZombieDoesNotLive) {
  const auto child = ::fork();
  if (child == 0) ::_exit(0);
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);

  EXPECT_FALSE(find_process(child));
  EXPECT_TRUE(alive(own_process()));
  ::waitpid(child, nullptr, 0);
}

TEST(PlannedStop, CountsOnceForItsProcessWithinItsLife) {
  Folder folder;
  const auto file = folder / "marker";
  const ProcessId self{100, 5};

  ASSERT_TRUE(write_marker(file, self, kNow));
  EXPECT_TRUE(take_marker(file, self, kNow + 59s));
  EXPECT_FALSE(take_marker(file, self, kNow + 59s)) << "it is used up";

  write_marker(file, self, kNow);
  EXPECT_FALSE(take_marker(file, self, kNow + 61s)) << "too old";
  write_marker(file, {100, 6}, kNow);
  EXPECT_FALSE(take_marker(file, self, kNow)) << "another process with this pid";
  write_marker(file, {101, 5}, kNow);
  EXPECT_FALSE(take_marker(file, self, kNow));
  write_marker(file, {100, 0}, kNow);
  EXPECT_TRUE(take_marker(file, self, kNow)) << "a start time that was not known";
  std::ofstream(file) << "{}";
  EXPECT_FALSE(take_marker(file, self, kNow));
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST(Folders, AreMadeForTheOwnerAlone) {
  Folder folder;

  const auto made = prepare_folder(folder.path() / "a/b");

  ASSERT_TRUE(made.has_value());
  EXPECT_FALSE(made.value());
  struct stat info{};
  ASSERT_EQ(::stat((folder / "a/b").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0700U);
  ASSERT_EQ(::stat((folder / "a").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0700U);
}

TEST(Folders, AnOpenOneIsSaidAndAFileIsRefused) {
  Folder folder;
  std::filesystem::create_directory(folder / "open");
  ::chmod((folder / "open").c_str(), 0755);
  std::ofstream(folder / "file") << "x";

  const auto open = prepare_folder(folder / "open");
  ASSERT_TRUE(open.has_value());
  EXPECT_THAT(open.value().value_or(""), testing::HasSubstr("chmod 700"));
  EXPECT_TRUE(prepare_folder(folder / "file").has_error());
}

TEST(InstanceFiles, StandBesideTheStateOrInTheRuntimeFolder) {
  Config config;
  config.state = "/s/gateway.db";
  EXPECT_EQ(files_of(config, "/run/u").marker, "/s/gateway.db.planned-stop");
  config.state.clear();
  EXPECT_EQ(files_of(config, "/run/u").lock, "/run/u/brownout/brownout-gateway.lock");
}

}  // namespace
}  // namespace gateway
