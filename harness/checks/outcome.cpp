#include "harness/checks/outcome.h"

#include <fmt/format.h>

#include "base/redact.h"
#include "base/text.h"

namespace harness::checks {

Outcome::Outcome(const View& view, const Json& params, std::string check, int line) : view_(view), params_(params) {
  result_.check = std::move(check);
  result_.line = line;
}

void Outcome::find(Verdict verdict, std::string expected, std::string seen, const Entry* near) {
  if (merge(verdict, result_.verdict) != verdict) return;  // something worse is known already
  if (verdict != result_.verdict) {
    result_.verdict = verdict;
    result_.expected = std::move(expected);
    result_.seen = std::move(seen);
    mentioned_ = 1;
    if (near) result_.at = near->at, result_.entry = near->seq, result_.around = view_.around(near);
    return;
  }
  if (++mentioned_ > kMentionMax) return;
  if (result_.expected != expected) result_.expected += "; " + expected;
  result_.seen += "; " + seen;
}

void Outcome::within(const std::string& what, Duration from, Duration to, Duration limit, const Entry* near) {
  const auto took = to - from;
  if (took <= limit) return;
  auto expected = fmt::format("{} within {}", what, base::human_duration(limit));
  auto seen = fmt::format("{} ({} to {})", base::human_duration(took), time_words(from), time_words(to));
  const auto lag = view_.lag(from, to);
  if (lag > limit / 10) unknown(std::move(expected), fmt::format("{}, but the harness itself was {} late", seen, base::human_duration(lag)), near);
  else fail(std::move(expected), std::move(seen), near);
}

void Outcome::never_within(const std::string& what, Duration from, Duration limit, std::string seen, const Entry* near) {
  auto expected = limit == Duration::max() ? what : fmt::format("{} within {}", what, base::human_duration(limit));
  const auto lag = view_.lag(from, view_.length());
  if (limit != Duration::max() && lag > limit / 10) unknown(std::move(expected), fmt::format("{}, but the harness itself was {} late", seen, base::human_duration(lag)), near);
  else fail(std::move(expected), std::move(seen), near);
}

void Outcome::at_least(const std::string& what, Duration span, Duration limit, const Entry* near) {
  if (span >= limit) return;
  fail(fmt::format("{}: at least {}", what, base::human_duration(limit)), base::human_duration(span), near);
}

std::vector<std::string> Outcome::texts(std::string_view key) const {
  std::vector<std::string> list;
  const auto* value = base::find(params_, key);
  if (!value) return list;
  if (value->is_string()) return {value->get<std::string>()};
  for (const auto& each : *value) {
    if (each.is_string()) list.push_back(each.get<std::string>());
  }
  return list;
}

std::optional<Duration> Outcome::duration(std::string_view key) const {
  const auto* value = base::find(params_, key);
  return value && value->is_string() ? base::parse_duration(value->get<std::string>()) : std::nullopt;
}

std::optional<bool> Outcome::flag(std::string_view key) const {
  const auto* value = base::find(params_, key);
  return value && value->is_boolean() ? std::optional(value->get<bool>()) : std::nullopt;
}

std::pair<std::int64_t, std::int64_t> Outcome::count(std::string_view key, std::pair<std::int64_t, std::int64_t> otherwise) const {
  const auto* value = base::find(params_, key);
  if (!value) return otherwise;
  if (value->is_object()) return {base::integer_or(*value, "min", 0), base::integer_or(*value, "max", kNoMaximum)};
  const auto exact = base::integer_or(params_, key, 0);
  return {exact, exact};
}

void Outcome::count_fits(const std::string& what, std::int64_t seen, std::pair<std::int64_t, std::int64_t> wanted, const Entry* near) {
  if (seen >= wanted.first && seen <= wanted.second) return;
  fail(fmt::format("{} {}", count_words(wanted), what), std::to_string(seen), near);
}

bool Outcome::window(Duration& from, Duration& to) {
  for (const auto& [key, slot] : {std::pair{"from", &from}, {"to", &to}}) {
    const auto* moment = base::find(params_, key);
    if (!moment) continue;
    const auto found = moment_at(view_, *moment);
    if (!found) {
      unknown(fmt::format("a window {} {}", key, moment_words(*moment)), "that never happened, so there is nothing to look at");
      return false;
    }
    *slot = found->at;
  }
  return true;
}

bool Outcome::filter(AttemptFilter& filter) {
  filter.provider = text("provider");
  filter.credential = text("credential");
  filter.model = text("model");
  filter.session = text("session");
  filter.path = text("path");
  if (has("fault")) filter.fault = text("fault");
  return window(filter.from, filter.to);
}

std::string count_words(std::pair<std::int64_t, std::int64_t> count) {
  if (count.first == count.second) return fmt::format("exactly {}", count.first);
  if (count.second == kNoMaximum) return fmt::format("at least {}", count.first);
  if (count.first == 0) return fmt::format("at most {}", count.second);
  return fmt::format("{} to {}", count.first, count.second);
}

std::string time_words(Duration at) { return fmt::format("{:.3f} s", base::seconds(at)); }
// What leaked must not leak again through a failure message.
std::string quote(std::string_view text) { return "\"" + base::printable(base::Redactor().apply(text), 120) + "\""; }

}  // namespace harness::checks
