#include "tests/explore/rows/exchange.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace harness::explore {

using base::Json;

base::Duration Seen::silence() const {
  base::Duration longest{0}, last{0};
  for (const auto at : arrivals) longest = std::max(longest, at - std::exchange(last, at));
  return std::max(longest, this->last() - last);
}

base::Duration Seen::last() const { return ending == "given up" && !arrivals.empty() ? arrivals.back() : end; }

Json providers_of(const std::vector<Row>& rows) {
  Json providers = Json::object();
  for (const auto& row : rows) {
    Json rule{{"fault", row.fault.name}};
    if (!row.params.empty()) rule["params"] = row.params;
    if (row.fault.stage != simulator::Stage::listen) rule["times"] = 1;
    providers[row.provider] = {{"like", "openai"}, {"credentials", {"key-a"}}, {"tls", row.tls()}, {"script", {rule}}};
  }
  return providers;
}

gateway::StartAttempt attempt_of(const Row& row, const std::string& secret) {
  gateway::StartAttempt attempt;
  attempt.provider = row.provider;
  attempt.credential = "key-a";
  attempt.path = "/chat/completions";
  attempt.headers.add("authorization", "Bearer " + secret);
  attempt.headers.add("content-type", "application/json");
  attempt.body = base::dump(Json{{"model", "gpt-test"}, {"stream", row.stream}, {"messages", {{{"role", "user"}, {"content", "ping"}}}}});
  // Below the deadline of any row: a connection that does not come about is the connection's failure.
  attempt.connect_timeout = std::chrono::milliseconds{800};
  return attempt;
}

std::string request_text(const Row& row, const std::string& secret) {
  const auto attempt = attempt_of(row, secret);
  auto text = fmt::format("{} /v1{} HTTP/1.1\r\nhost: 127.0.0.1\r\n", attempt.method, attempt.path);
  for (const auto& [name, value] : attempt.headers.list) text += name + ": " + value + "\r\n";
  return text + fmt::format("content-length: {}\r\n\r\n{}", attempt.body.size(), attempt.body);
}

std::vector<Told> told_of(const Json& journal, const std::string& provider) {
  std::vector<Told> list;
  std::map<std::int64_t, std::size_t> place;
  for (const auto& event : journal) {
    if (base::string_or(event, "provider") != provider) continue;
    const auto attempt = base::integer_or(event, "attempt", 0);
    const auto kind = base::string_or(event, "event");
    const auto [found, fresh] = place.try_emplace(attempt, list.size());
    if (fresh) list.emplace_back();
    auto& told = list[found->second];
    told.attempt = static_cast<std::uint64_t>(attempt);
    if (kind == "attempt") {
      told.at = base::Instant{base::Duration{base::integer_or(event, "at_ns", 0)}};
      told.connection = static_cast<std::uint64_t>(base::integer_or(event, "connection", 0));
    }
    auto rest = event;
    for (const auto* key : {"seq", "at_ns", "attempt", "connection", "provider"}) rest.erase(key);
    told.said += base::dump(rest) + "\n";
  }
  return list;
}

}  // namespace harness::explore
