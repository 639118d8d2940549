#include "tests/explore/rows/virtual_rows.h"

#include <gtest/gtest.h>

#include "harness/explore/plan_run.h"
#include "harness/explore/run_virtual.h"
#include "harness/scenario/loader.h"
#include "simulator/core/http_parser.h"
#include "tests/explore/rows/probe.h"

namespace harness::explore {
namespace {

using namespace std::chrono_literals;
using base::Json;

constexpr auto kFiller = "filler";  // a provider whose connections use up attempt numbers
constexpr auto kWholeTime = 30s;    // after which a reply counts as one without end

Scenario scenario_of(const Row& row) {
  auto providers = providers_of({row});
  providers[kFiller] = {{"like", "openai"}, {"credentials", {"key-a"}}, {"script", {{{"fault", "accept-fin"}}}}};
  const Json text{{"version", 1}, {"title", "a row"}, {"why", "to see it virtually"}, {"tags", {"network"}}, {"providers", std::move(providers)},
                  {"gateway", {{"routes", {{"default", {row.provider + "/gpt-test"}}}}}}, {"steps", {{{"send", {{"text", "ping"}}}, {"as", "first"}}}},
                  {"expect", {{{"check", "gateway.survives"}}}}};
  auto scenario = parse_scenario(base::dump_pretty(text), "row.json");
  if (scenario.has_error()) ADD_FAILURE() << base::render(scenario.error());
  return std::move(scenario.value());
}

/// Makes the model's next attempt the one that it was live: the same number at the same second.
class Alignment {
 public:
  Alignment(simulator::Model& model, const std::vector<AttemptAt>& attempts) : model_(model), attempts_(attempts), filler_(model.provider_named(kFiller).value()) {}

  void next(simulator::Now at) {
    const auto index = index_++;
    if (index >= attempts_.size()) return;
    const auto& wanted = attempts_[index];
    const auto last = index == 0 ? 0 : attempts_[index - 1].number;
    for (auto number = last + 1; number < wanted.number; ++number) {
      const auto decision = model_.on_accept(filler_, number, at, simulator::Stage::accept);
      model_.on_end(decision.attempt, "fin", 0, 0, at);
    }
    const auto skew = wanted.wall - at.wall;
    model_.advance(skew - std::exchange(skew_, skew));
  }

 private:
  simulator::Model& model_;
  const std::vector<AttemptAt>& attempts_;
  std::size_t filler_, index_ = 0;
  base::Duration skew_{0};
};

std::string secret_of(const simulator::Model& model, std::size_t provider) { return model.secret_of(provider, model.spec(provider).credentials[0]); }

Outcome through_the_world(const Row& row, const std::vector<AttemptAt>& attempts) {
  static const auto unit = virtual_unit(scenario_of(row), manager::Compat::v252);
  const auto scenario = scenario_of(row);
  auto config = virtual_config(scenario, kRowsSeed);
  if (config.has_error()) {
    ADD_FAILURE() << base::render(config.error());
    return {};
  }
  Probe* probe = nullptr;
  World* here = nullptr;
  std::optional<Alignment> alignment;
  WorldOptions options{.seed = base::hash_text(row.provider), .history = false};
  options.model_seed = kRowsSeed;
  options.parts.around_core = [&](std::unique_ptr<gateway::GatewayCore>) {
    const auto index = here->model().provider_named(row.provider).value();
    std::vector<Probe::Ask> asks{{.attempt = attempt_of(row, secret_of(here->model(), index)), .deadline = row.deadline, .twice = row.fault.stage != simulator::Stage::listen}};
    auto made = std::make_unique<Probe>(std::move(asks), [&](std::size_t, std::size_t) {
      alignment->next({here->clock().now() + World::kConnectTime, here->clock().wall() + World::kConnectTime});
    });
    probe = made.get();
    return made;
  };
  World world(scenario, std::move(config.value()), unit, options);
  here = &world;
  alignment.emplace(world.model(), attempts);
  world.systemctl({"start", World::kUnitName}, [](int, const std::string&, const std::string&) {});
  while ((probe == nullptr || !probe->over()) && world.clock().step(base::Instant{1h})) {
  }
  if (probe == nullptr || !probe->over()) {
    ADD_FAILURE() << row.fault.name << ": the virtual world came to a stop";
    return {};
  }
  return {probe->seen(0), told_of(world.model().journal().since(0, "*", 1'000'000), row.provider)};
}

/// The plan that a connection of its own meets: on being accepted, or for its request.
simulator::WirePlan plan_for(simulator::Model& model, const Row& row, simulator::Now at) {
  const auto index = model.provider_named(row.provider).value();
  if (model.stage_used(index, simulator::Stage::accept)) return model.on_accept(index, 1, at, simulator::Stage::accept).plan;
  simulator::HttpParser parser;
  if (parser.feed(request_text(row, secret_of(model, index))) != simulator::HttpParser::State::ready) ADD_FAILURE() << "the request is not understood";
  auto request = parser.take();
  return model.on_request(index, request, at).plan;
}

Outcome along_the_plan(const Row& row, const std::vector<AttemptAt>& attempts) {
  using Kind = PlanRun::Stop::Kind;
  const auto scenario = scenario_of(row);
  simulator::Model model(scenario.providers, {.seed = kRowsSeed, .salt = kRowsSalt}, {});
  Alignment alignment(model, attempts);
  alignment.next({base::Instant{}, Clock::kWallStart});
  const auto plan = plan_for(model, row, {base::Instant{}, Clock::kWallStart});
  Seen seen;
  PlanRun run;
  for (base::Instant now; seen.ending.empty();) {
    const auto stop = run.go_on(plan, now);
    if (!run.out.empty()) seen.arrivals.push_back(now.since_start);
    seen.bytes += std::exchange(run.out, {});
    seen.end = now.since_start;
    const bool closed = stop.kind == Kind::fin || (stop.kind == Kind::complete && simulator::framing_of(plan) == simulator::Framing::until_close);
    now = now + stop.time;
    if (closed) seen.ending = "fin";
    else if (stop.kind == Kind::rst) seen.ending = "rst";
    else if (stop.kind != Kind::wait || now.since_start >= row.deadline) seen.ending = "given up", seen.end = row.deadline;
  }
  return {{seen}, {}};
}

}  // namespace

Outcome run_row_virtually(const Row& row, const std::vector<AttemptAt>& attempts) {
  return row.asker == Asker::gateway ? through_the_world(row, attempts) : along_the_plan(row, attempts);
}

base::Duration deadline_for(const Row& row) {
  auto patient = row;
  patient.deadline = kWholeTime;
  const auto outcome = run_row_virtually(patient, {});
  const auto& arrivals = outcome.seen.at(0).arrivals;
  const auto last = arrivals.empty() ? base::Duration{0} : arrivals.back();
  // What a row throws dice for may come a little later in another attempt.
  if (last < kWholeTime - 5s) return last + last / 2 + 2500ms;
  for (base::Duration at = 2s; at < kWholeTime; at += 50ms) {
    const bool quiet = std::none_of(arrivals.begin(), arrivals.end(), [&](auto each) { return each > at - 500ms && each < at + 400ms; });
    if (quiet) return at;
  }
  return 2500ms;
}

}  // namespace harness::explore
