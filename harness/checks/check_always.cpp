// What is true of every honest run, whatever the scenario asks.
#include <fmt/format.h>

#include <map>

#include "base/text.h"
#include "harness/checks/outcome.h"

namespace harness::checks {

void always_secrets(Outcome& out) {
  for (const auto* entry : out.view().of("harness", "secret")) {
    out.fail("no key is written anywhere", fmt::format("the secret of {} in {}", base::string_or(entry->data, "label", "a key"), base::string_or(entry->data, "where", "an output")), entry);
  }
}

void always_end_once(Outcome& out) {
  for (const auto& exchange : out.view().exchanges()) {
    const auto name = fmt::format("#{} {}", exchange.id, exchange.as);
    if (exchange.replies.empty()) out.fail("one end of every request", name + " has none", exchange.request);
    else if (exchange.replies.size() > 1) out.fail("one end of every request", fmt::format("{} has {}", name, exchange.replies.size()), exchange.replies[1]);
    else if (base::string_or(exchange.reply()->data, "ended") == "timeout") {
      const auto waited = exchange.length();
      const auto lag = out.view().lag(exchange.request->at, exchange.reply()->at);
      const auto seen = fmt::format("{} had not ended after {}", name, base::human_duration(waited));
      if (lag > waited / 10) out.unknown("one end of every request", fmt::format("{}, but the harness itself was {} late", seen, base::human_duration(lag)), exchange.reply());
      else out.fail("one end of every request", seen, exchange.reply());
    }
  }
}

void always_own_ids(Outcome& out) {
  std::map<std::string, std::string> owners;
  for (const auto& exchange : out.view().exchanges()) {
    if (exchange.request == nullptr || exchange.request->data.contains("request_id")) continue;  // the caller chose it
    const auto* reply = exchange.reply();
    const auto* headers = reply != nullptr ? base::find(reply->data, "headers") : nullptr;
    if (headers == nullptr) continue;
    const auto id = base::string_or(*headers, "x-request-id");
    if (id.empty()) continue;
    const auto name = fmt::format("#{} {}", exchange.id, exchange.as);
    const auto [place, fresh] = owners.try_emplace(id, name);
    if (!fresh) out.fail("a request id of its own for every reply", fmt::format("{} and {} have both {}", place->second, name, id), reply);
  }
}

void always_sanitizers(Outcome& out) {
  for (const auto* entry : out.view().of("harness", "sanitizer")) {
    out.fail("no report of a sanitizer", fmt::format("{}: {}", base::string_or(entry->data, "file"), base::printable(base::string_or(entry->data, "text"), 200)), entry);
  }
}

void always_processes(Outcome& out) {
  for (const auto* entry : out.view().of("harness", "leftover")) {
    out.fail("nothing is left running", fmt::format("pid {}: {}", base::integer_or(entry->data, "pid", 0), base::string_or(entry->data, "command")), entry);
  }
}

void always_steps(Outcome& out) {
  for (const auto* entry : out.view().of("harness", "step-failed")) {
    const auto expected = fmt::format("the step on line {} can be done", base::integer_or(entry->data, "line", 0));
    const auto seen = base::string_or(entry->data, "why", "it failed");
    // A wait is an expectation: what it waited for is the gateway's to bring.
    const bool waited = !entry->data.contains("cause") && base::string_or(entry->data, "what").starts_with("wait until");
    if (waited || base::string_or(entry->data, "cause") == "expectation") out.fail(expected, seen, entry);
    else out.unknown(expected, seen, entry);
  }
  if (out.view().of("harness", "run").empty()) out.unknown("a run with its beginning", "the history has no \"run\" line");
  if (!out.view().last("harness", "end")) out.unknown("a run to its end", "the history has no \"end\" line: it was cut off", out.view().entries().empty() ? nullptr : out.view().entries().back());
}

void always_fired(const Scenario& scenario, Outcome& out) {
  if (!scenario.unused_faults_reason.empty()) return;
  constexpr auto kExpected = "every scripted rule decides at least once";
  struct Rule {
    std::string fault;
    std::int64_t line = 0, fired = 0;
  };
  std::map<std::pair<std::string, std::int64_t>, Rule> told;
  const auto close = [&](const std::pair<std::string, std::int64_t>& key, const Rule& rule) {
    if (rule.fired > 0) return;
    out.unknown(kExpected, fmt::format("rule {} of {} ({}{}) never did: this run proves nothing about it", key.second, key.first, rule.fault.empty() ? "healthy" : rule.fault,
                                       rule.line > 0 ? fmt::format(", line {}", rule.line) : ""));
  };
  // Counts are told whenever a script changes, so a rule may stand there several times; another rule in its place, or a count that
  // went back, is a new one.
  for (const auto* entry : out.view().of("provider", "rule")) {
    const std::pair key{base::string_or(entry->data, "provider"), base::integer_or(entry->data, "rule", -1)};
    const Rule now{base::string_or(entry->data, "fault"), base::integer_or(entry->data, "line", 0), base::integer_or(entry->data, "fired", 0)};
    auto [place, fresh] = told.try_emplace(key, now);
    auto& before = place->second;
    if (fresh) continue;
    if (before.fault != now.fault || before.line != now.line || now.fired < before.fired) close(key, before);
    before = now;
  }
  for (const auto& [key, rule] : told) close(key, rule);
  for (const auto& provider : scenario.providers) {
    for (std::size_t i = 0; i < provider.script.size(); ++i) {
      if (!told.contains({provider.name, static_cast<std::int64_t>(i)})) out.unknown(kExpected, fmt::format("rule {} of {} was never accounted for", i, provider.name));
    }
  }
}

}  // namespace harness::checks
