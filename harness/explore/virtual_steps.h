// The steps of a scenario as a chain of continuations on the virtual clock. Pure.
#pragma once

#include <list>

#include "harness/explore/world.h"

namespace harness::explore {

class VirtualSteps {
 public:
  using Done = std::function<void()>;
  explicit VirtualSteps(World& world) : world_(world) {}
  VirtualSteps(const VirtualSteps&) = delete;
  VirtualSteps& operator=(const VirtualSteps&) = delete;

  /// `steps` must outlive this. `done` is called once, whether or not a step failed.
  void run(const std::vector<Step>& steps, Done done);
  /// Asks the waiting conditions; call after every event of the clock.
  void poll();
  bool failed() const { return failed_; }
  /// The first step that could not be done, or null.
  const Step* failed_step() const { return failed_step_; }
  int background() const { return background_; }
  std::int64_t done() const { return done_; }
  /// The places that settings may name, and the JSON of the configuration so far.
  Places places;
  base::Json config_json;
  std::function<base::Result<gateway::Config>(const base::Json&)> make_config;

 private:
  void next(const std::vector<Step>& steps, std::size_t index, Done done);
  void fail(const Step& step, std::string why);
  void perform(const Step& step, const SendStep& send, Done done);
  void perform(const Step& step, const SignalStep& signal, Done done);
  void perform(const Step& step, const ScriptStep& script, Done done);
  void perform(const Step& step, const AccountStep& account, Done done);
  void perform(const Step& step, const ManagerStep& manager, Done done);
  void perform(const Step& step, const WaitStep& wait, Done done);
  void perform(const Step& step, const EditConfigStep& edit, Done done);
  void perform(const Step& step, const std::shared_ptr<ParallelStep>& parallel, Done done);
  void perform(const Step& step, const std::shared_ptr<RepeatStep>& repeat, Done done);
  void perform(const Step& step, const CliStep&, Done) { fail(step, "the virtual world has no command line"); }
  void perform(const Step& step, const DiskStep&, Done) { fail(step, "the virtual world has no disk"); }
  void repeat_from(const RepeatStep& repeat, std::int64_t round, Done done);
  struct Batch;
  void send_next(const std::shared_ptr<Batch>& batch);

  struct Waiting {
    const Step* step;
    const WaitStep* wait;
    base::Instant until;
    std::string pid_before;
    Done done;
  };
  World& world_;
  std::list<Waiting> waiting_;
  bool failed_ = false;
  const Step* failed_step_ = nullptr;
  int background_ = 0;
  std::int64_t done_ = 0, index_ = 0;
};

}  // namespace harness::explore
