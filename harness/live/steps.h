// The steps of a scenario, performed one after another on the live world.
#pragma once

#include <list>
#include <mutex>
#include <string>
#include <thread>

#include "harness/live/world.h"

namespace harness {

/// Thread: one main thread; background steps have threads of their own, joined by join_background().
class Steps {
 public:
  explicit Steps(World& world) : world_(world) {}
  ~Steps() { join_background(); }
  Steps(const Steps&) = delete;
  Steps& operator=(const Steps&) = delete;

  /// False: a step could not be performed (a `step-failed` entry says why); later steps are not tried.
  bool run(const std::vector<Step>& steps);
  void join_background();
  std::int64_t done() const { return done_; }

 private:
  using Failed = std::optional<std::string>;
  Failed perform(const Step& step);
  Failed perform(const SendStep& step);
  Failed perform(const CliStep& step);
  Failed perform(const SignalStep& step);
  Failed perform(const ScriptStep& step);
  Failed perform(const AccountStep& step);
  Failed perform(const ManagerStep& step);
  Failed perform(const DiskStep& step);
  Failed perform(const WaitStep& step);
  Failed perform(const EditConfigStep& step);
  Failed perform(const std::shared_ptr<ParallelStep>& step);
  Failed perform(const std::shared_ptr<RepeatStep>& step);
  void in_background(std::function<void()> work);

  World& world_;
  std::mutex guard_;
  std::list<std::thread> background_;
  std::atomic<int> background_open_{0};
  std::atomic<std::int64_t> done_{0}, index_{0};

};

/// Sends `count` requests as the step says; every request and reply goes into the history. Blocks until all have ended.
void send_requests(World& world, const SendStep& step);

/// Waits for a condition; the sentence why not when the deadline passed. Conditions: docs/scenarios.md.
std::optional<std::string> wait_until(World& world, const WaitStep& step, const std::function<int()>& background_open);

/// Makes the state folder full, read-only, corrupt, missing or well again. Needs a mount of its own for the first two.
std::optional<std::string> change_disk(World& world, const std::string& state);
/// Mounts a small file system of this run's own over the state folder. Must come before any thread. The reason when it cannot.
std::optional<std::string> prepare_disk(const std::string& folder);

}  // namespace harness
