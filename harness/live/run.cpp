#include "harness/live/run.h"

#include <signal.h>

#include <fstream>
#include <functional>

#include "harness/live/steps.h"
#include "harness/scenario/needs.h"

namespace harness {
namespace {

using base::Json;

std::atomic<bool> interrupted{false};
constexpr int kInterrupted = 130;  // as a shell says it of SIGINT

/// How late the harness itself was, nominal: a budget missed by a stalled harness is not the gateway's fault.
class LagMeter {
 public:
  LagMeter(Recorder& recorder, double speed) : recorder_(recorder), pause_(base::from_seconds(0.005 * speed)), report_over_(base::from_seconds(0.02 * speed)) {
    thread_ = std::thread([this] { run(); });
  }
  ~LagMeter() {
    stop_ = true;
    thread_.join();
  }

 private:
  void run() {
    while (!stop_) {
      const auto before = std::chrono::steady_clock::now();
      std::this_thread::sleep_for(pause_);
      const base::Duration late = std::chrono::steady_clock::now() - before - pause_;
      if (late > report_over_) recorder_.add("harness", "lag", {{"ms", base::milliseconds(late)}});
    }
  }
  Recorder& recorder_;
  base::Duration pause_, report_over_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

/// Whether one of the steps, at any depth, is such a one.
bool any_step(const std::vector<Step>& steps, const std::function<bool(const Step&)>& wanted) {
  for (const auto& step : steps) {
    if (wanted(step)) return true;
    if (const auto* parallel = std::get_if<std::shared_ptr<ParallelStep>>(&step.what)) {
      for (const auto& branch : (*parallel)->branches) {
        if (any_step(branch, wanted)) return true;
      }
    }
    if (const auto* repeat = std::get_if<std::shared_ptr<RepeatStep>>(&step.what)) {
      if (any_step((*repeat)->steps, wanted)) return true;
    }
  }
  return false;
}

bool needs_disk(const std::vector<Step>& steps) {
  return any_step(steps, [](const Step& step) {
    const auto* disk = std::get_if<DiskStep>(&step.what);
    return disk != nullptr && (disk->state == "full" || disk->state == "read-only");
  });
}

bool needs_mock(const std::vector<Step>& steps) {
  return any_step(steps, [](const Step& step) { return std::holds_alternative<ManagerStep>(step.what); });
}

Json run_entry(const RunSpec& spec, const World& world) {
  Json providers = Json::object();
  for (const auto& provider : spec.scenario.providers) {
    Json labels = Json::array();
    for (const auto& credential : provider.credentials) labels.push_back(credential.label);
    providers[provider.name] = {{"credentials", std::move(labels)}};
  }
  return {{"scenario", spec.scenario.name}, {"file", spec.scenario_file}, {"seed", spec.seed}, {"speed", spec.speed}, {"world", "live"}, {"target", spec.target.name},
          {"manager", spec.manager}, {"compat", spec.compat}, {"port", world.port()}, {"providers", std::move(providers)}};
}

std::string missing_ability(const RunSpec& spec) {
  if (spec.manager != "mock" && needs_mock(spec.scenario.steps)) return "only the mock manager has faults";
  if (const auto missing = lacking(spec.target, spec.scenario); !missing.empty()) return lacking_words(spec.target, missing);
  const auto needs = needs_of(spec.scenario);
  if (std::any_of(needs.begin(), needs.end(), [](const Need& need) { return need.ability == "root"; }) && ::geteuid() != 0) return "needs root";
  return {};
}

void write_history(const RunSpec& spec, History history) {
  std::ofstream out(spec.folder / "history.jsonl", std::ios::binary | std::ios::trunc);
  out << history.to_jsonl();
}

/// Ctrl-C in the middle of a step: the step may wait for minutes, so the run ends around it. What was seen until then is kept.
class InterruptWatch {
 public:
  InterruptWatch(World& world, Recorder& recorder) : world_(world), recorder_(recorder) { thread_ = std::thread([this] { run(); }); }
  ~InterruptWatch() { end(); }
  /// From here on the run ends by itself in the ordinary way.
  void end() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
  }

 private:
  void run() {
    while (!stop_) {
      if (interrupted) {
        world_.abandon();
        recorder_.add("harness", "end", {{"complete", false}, {"interrupted", true}});
        write_history(world_.spec(), recorder_.take());
        std::_Exit(kInterrupted);
      }
      std::this_thread::sleep_for(base::from_seconds(0.02 * world_.spec().speed));
    }
  }
  World& world_;
  Recorder& recorder_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

void serve_until_interrupted(World& world) {
  std::fprintf(stderr, "gateway  http://127.0.0.1:%u   admin http://127.0.0.1:%u   Ctrl-C ends it\n", static_cast<unsigned>(world.port()), static_cast<unsigned>(world.admin_port()));
  while (!interrupted) std::this_thread::sleep_for(base::from_seconds(0.05 * world.spec().speed));
}

}  // namespace

RunResult run_live(const RunSpec& spec) {
  RunResult result;
  ::signal(SIGPIPE, SIG_IGN);
  const auto handler = [](int) { interrupted = true; };
  ::signal(SIGINT, handler);
  ::signal(SIGTERM, handler);
  result.skipped = missing_ability(spec);
  if (result.skipped.empty() && needs_disk(spec.scenario.steps)) {
    std::error_code error;
    std::filesystem::create_directories(spec.folder / "state", error);
    if (const auto why = prepare_disk((spec.folder / "state").string())) result.skipped = *why;
  }
  if (!result.skipped.empty()) return result;

  Recorder recorder;
  {
    World world(spec, recorder);
    const LagMeter lag(recorder, spec.speed);
    Steps steps(world);
    InterruptWatch watch(world, recorder);
    bool good = true;
    if (auto started = world.start_simulator(); started.has_error()) {
      result.failed = base::render(started.error());
    } else if (auto managed = world.start_manager(); managed.has_error()) {
      result.failed = base::render(managed.error());
    }
    if (result.failed.empty()) {
      recorder.add_at(base::Duration{0}, "harness", "run", run_entry(spec, world));
      if (spec.scenario.gateway.start && spec.scenario.gateway.installed) {
        if (auto started = world.start_gateway(); started.has_error()) result.failed = base::render(started.error());
      }
      good = result.failed.empty() && steps.run(spec.scenario.steps);
      // A request that is still under way belongs to the run: it ends by the gateway's deadline or by its own.
      steps.join_background();
      watch.end();
      if (spec.serve && good && !interrupted) serve_until_interrupted(world);
      world.catch_up();
    }
    recorder.add("harness", "teardown", Json::object());
    world.stop();
    recorder.add("harness", "end", {{"steps_done", steps.done()}, {"complete", good && result.failed.empty()}, {"interrupted", interrupted.load()}});
  }
  write_history(spec, recorder.take());
  result.ran = result.failed.empty() && !interrupted;
  if (interrupted && result.failed.empty()) result.failed = "interrupted";
  return result;
}

}  // namespace harness
