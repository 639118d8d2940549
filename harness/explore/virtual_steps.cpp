#include "harness/explore/virtual_steps.h"

#include "base/text.h"
#include "harness/dialogue/conditions.h"
#include "harness/dialogue/step_words.h"
#include "harness/manager/faults.h"

namespace harness::explore {

using base::Json;

void VirtualSteps::run(const std::vector<Step>& steps, Done done) { next(steps, 0, std::move(done)); }

void VirtualSteps::next(const std::vector<Step>& steps, std::size_t index, Done done) {
  if (failed_ || index >= steps.size()) return done();
  const auto& step = steps[index];
  world_.note("harness", "step", [&]() -> Json { return {{"index", ++index_}, {"line", step.line}, {"what", describe_step(step)}, {"note", step.note}}; });
  auto go_on = [this, &steps, index, done = std::move(done)] {
    if (!failed_) ++done_;
    // On the clock, not on the stack: a thousand rounds must not be a thousand frames.
    world_.clock().after(base::Duration{0}, [this, &steps, index, done] { next(steps, index + 1, done); });
  };
  std::visit([&](const auto& what) { perform(step, what, go_on); }, step.what);
  if (failed_) world_.clock().after(base::Duration{0}, go_on);
}

void VirtualSteps::fail(const Step& step, std::string why) {
  failed_ = true;
  if (failed_step_ == nullptr) failed_step_ = &step;
  world_.note("harness", "step-failed", [&]() -> Json { return {{"line", step.line}, {"what", describe_step(step)}, {"why", std::move(why)}, {"cause", failure_cause(step)}}; });
}

// ---- send ----

struct VirtualSteps::Batch {
  const SendStep* step;
  std::int64_t next = 1, open = 0;
  base::Instant start;
  Done done;
};

void VirtualSteps::send_next(const std::shared_ptr<Batch>& batch) {
  if (batch->next > batch->step->count) {
    if (batch->open == 0 && batch->done) std::exchange(batch->done, {})();
    return;
  }
  const auto index = batch->next++;
  ++batch->open;
  const auto start = [this, batch, index] {
    world_.send(*batch->step, index, [this, batch, index] {
      --batch->open;
      const bool thinks = batch->step->think.count() > 0 && index < batch->step->count;
      if (thinks) {
        world_.clock().after(batch->step->think, [this, batch] { send_next(batch); });
      } else {
        send_next(batch);
      }
    });
  };
  if (batch->step->rate > 0) {
    world_.clock().at(std::max(world_.clock().now(), batch->start + base::from_seconds(static_cast<double>(index - 1) / batch->step->rate)), start);
  } else {
    start();
  }
}

void VirtualSteps::perform(const Step&, const SendStep& send, Done done) {
  auto batch = std::make_shared<Batch>();
  batch->step = &send;
  batch->start = world_.clock().now();
  if (send.background) {
    ++background_;
    batch->done = [this] { --background_; };
  } else {
    batch->done = done;
  }
  for (std::int64_t i = 0; i < std::min(send.concurrency, send.count); ++i) send_next(batch);
  if (send.background) done();
}

// ---- the world outside ----

void VirtualSteps::perform(const Step& step, const SignalStep& signal, Done done) {
  const int number = signal_number(signal.signal);
  if (world_.pid() == 0) return fail(step, "the gateway is not running, there is nobody to signal");
  world_.signal(number);
  done();
}

void VirtualSteps::perform(const Step& step, const ScriptStep& script, Done done) {
  world_.note_rules();
  std::vector<simulator::Model::RuleChange> changes;
  for (const auto& change : script.changes) {
    const auto provider = world_.model().provider_named(change.provider);
    if (!provider) return fail(step, "no provider is called " + change.provider);
    using Op = simulator::Model::RuleChange::Op;
    changes.push_back({.provider = *provider, .op = change.op == "add" ? Op::add : change.op == "clear" ? Op::clear : Op::replace, .rules = change.rules});
  }
  world_.model().change_rules("", std::move(changes));
  done();
}

void VirtualSteps::perform(const Step& step, const AccountStep& account, Done done) {
  simulator::AccountChange change;
  const auto number = [&](const char* key) -> std::optional<double> {
    const auto* value = base::find(account.change, key);
    return value == nullptr ? std::nullopt : base::number_of(*value);
  };
  change.credit = number("credit");
  change.top_up = number("top_up");
  if (account.change.contains("revoked")) change.revoked = base::bool_or(account.change, "revoked", false);
  if (account.change.contains("region_blocked")) change.region_blocked = base::bool_or(account.change, "region_blocked", false);
  const auto provider = world_.model().provider_named(account.provider);
  if (!provider || !world_.model().change_account("", *provider, account.credential, change)) return fail(step, "there is no such account");
  done();
}

void VirtualSteps::perform(const Step& step, const ManagerStep& what, Done done) {
  if (what.systemctl) {
    world_.note("cli", "start", [&]() -> Json { return {{"id", 1'000'000 + index_}, {"as", what.as}, {"args", *what.systemctl}, {"program", "systemctl"}}; });
    const auto began = world_.clock().now();
    world_.systemctl(*what.systemctl, [this, began, done, &what, id = 1'000'000 + index_](int rc, const std::string& out, const std::string& err) {
      for (const auto& [stream, text] : {std::pair{"stdout", out}, std::pair{"stderr", err}}) {
        for (const auto& line : base::split(text, '\n')) {
          if (!line.empty()) world_.note("cli", "line", [&]() -> Json { return {{"id", id}, {"as", what.as}, {"stream", stream}, {"line", line}}; });
        }
      }
      world_.note("cli", "exit", [&]() -> Json { return {{"id", id}, {"as", what.as}, {"code", rc}, {"ms", base::milliseconds(world_.clock().now() - began)}}; });
      done();
    });
    return;
  }
  const auto armed = manager::read_fault(what.fault, what.params);
  if (!armed) return fail(step, manager::check_fault(what.fault, what.params));
  if (armed->row->actor != manager::FaultActor::machine) return fail(step, "this fault needs real processes");
  world_.manager_fault(armed->fault);
  done();
}

void VirtualSteps::perform(const Step& step, const EditConfigStep& edit, Done done) {
  auto changed = config_json;
  for (const auto& [path, value] : edit.set) {
    const auto filled = base::parse_wire_json(fill_words(base::dump(value), places));
    at_path(changed, path) = filled ? *filled : value;
  }
  auto config = make_config(changed);
  if (config.has_error()) {
    // A broken file changes nothing: the gateway keeps the last good one.
    return done();
  }
  config_json = std::move(changed);
  (void)step;
  world_.change_config(std::move(config.value()), edit.reload);
  done();
}

// ---- time and order ----

void VirtualSteps::perform(const Step& step, const WaitStep& wait, Done done) {
  if (wait.time) {
    world_.clock().after(*wait.time, std::move(done));
    return;
  }
  const auto until = world_.clock().now() + wait.deadline;
  waiting_.push_back({&step, &wait, until, std::to_string(world_.pid()), std::move(done)});
  world_.clock().at(until, [] {});  // so that the clock gets there even when nothing else happens
}

void VirtualSteps::poll() {
  for (auto each = waiting_.begin(); each != waiting_.end();) {
    const WaitFacts facts{.property =
                              [this](const std::string& name) {
                                const auto state = world_.unit_state();
                                return name == "MainPID" ? std::to_string(state.main_pid) : name == "ActiveState" ? state.active : name == "SubState" ? state.sub : std::string{};
                              },
                          .health = [this] { return world_.health(); },
                          .status = []() -> std::optional<Json> { return std::nullopt; },
                          .background = [this] { return background_; },
                          .entries = [this](const std::function<void(const std::vector<Entry>&)>& look) { look(world_.history().entries()); },
                          .pid_before = each->pid_before};
    std::string seen;
    const auto& wait = *each->wait;
    // What providers saw is in the simulator's journal until the end; the trace of attempts would not know credentials.
    const bool holds = wait.until == "attempts" ? world_.attempts_seen(wait.params) >= base::integer_or(wait.params, "count", 1) : wait_holds(wait, facts, seen);
    if (!holds && world_.clock().now() < each->until) {
      ++each;
      continue;
    }
    auto taken = std::move(*each);
    each = waiting_.erase(each);
    if (!holds) fail(*taken.step, fmt::format("waited {} for \"{}\"; seen last: {}", base::format_duration(wait.deadline), wait.until, seen.empty() ? "nothing" : seen));
    world_.clock().after(base::Duration{0}, std::move(taken.done));
  }
}

void VirtualSteps::perform(const Step&, const std::shared_ptr<ParallelStep>& parallel, Done done) {
  auto open = std::make_shared<std::size_t>(parallel->branches.size());
  if (*open == 0) return done();
  for (const auto& branch : parallel->branches) {
    next(branch, 0, [open, done] {
      if (--*open == 0) done();
    });
  }
}

void VirtualSteps::repeat_from(const RepeatStep& repeat, std::int64_t round, Done done) {
  if (failed_ || round >= repeat.times) return done();
  next(repeat.steps, 0, [this, &repeat, round, done] { repeat_from(repeat, round + 1, done); });
}

void VirtualSteps::perform(const Step&, const std::shared_ptr<RepeatStep>& repeat, Done done) { repeat_from(*repeat, 0, std::move(done)); }

}  // namespace harness::explore
