// What the gateway says of itself: log, status, metrics. And the time between two things that happened.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "harness/checks/outcome.h"

namespace harness::checks {
namespace {

/// A parameter that the loader requires; checks made by other code may lack it.
Json member(const Outcome& out, std::string_view key) {
  const auto* value = base::find(out.params(), key);
  return value ? *value : Json::object();
}

std::string log_words(const Outcome& out) {
  std::string words = "a log line";
  if (out.has("event")) words += " with event " + quote(out.text("event"));
  if (out.has("text")) words += " with " + quote(out.text("text"));
  if (out.has("level")) words += " of level " + out.text("level");
  if (const auto* fields = base::find(out.params(), "fields")) words += " with " + base::dump(*fields);
  return words;
}

bool log_fits(const Outcome& out, const Entry& entry) {
  const bool structured = entry.kind == "log";
  if (!structured && (out.has("event") || out.has("level") || out.has("fields"))) return false;
  if (out.has("event") && !base::glob_match(out.text("event"), base::string_or(entry.data, "event"))) return false;
  if (out.has("level") && out.text("level") != base::string_or(entry.data, "level")) return false;
  const auto line = structured ? base::dump(entry.data) : base::string_or(entry.data, "line");
  if (out.has("text") && line.find(out.text("text")) == std::string::npos) return false;
  if (const auto* fields = base::find(out.params(), "fields")) {
    for (const auto& [key, value] : fields->items()) {
      if (!value_matches(value, base::find_path(entry.data, key))) return false;
    }
  }
  return true;
}

bool lines_of(Outcome& out, std::vector<const Entry*>& fitting, std::size_t& all) {
  Duration from{0}, to = Duration::max();
  if (!out.window(from, to)) return false;
  for (const auto* entry : out.view().entries()) {
    if (entry->lane != "gateway" || entry->at < from || entry->at > to) continue;
    ++all;
    if (log_fits(out, *entry)) fitting.push_back(entry);
  }
  return true;
}

/// The last reply of that name with a JSON body; nullopt (and a finding) when there is none.
std::optional<Json> body_of(Outcome& out, const Entry*& near) {
  const auto name = out.text("reply");
  const auto list = out.view().named(name);
  if (list.empty()) {
    out.unknown("a request called " + name, "none was made in this run");
    return std::nullopt;
  }
  near = list.back()->reply();
  if (!near) {
    out.fail("a reply to " + name, "none by the end of the run", list.back()->request);
    return std::nullopt;
  }
  const auto* raw = base::find(near->data, "body");
  if (raw && !raw->is_string()) return *raw;
  return Json(raw ? raw->get<std::string>() : "");
}

/// Sum of the samples of a Prometheus text that match; nullopt when none does.
std::optional<double> sample(const std::string& text, const std::string& pattern) {
  std::optional<double> sum;
  for (const auto& raw : base::split(text, '\n')) {
    const auto line = base::trim(raw);
    if (line.empty() || line.front() == '#') continue;
    const auto close = line.rfind('}');
    const auto space = line.find(' ', close == std::string_view::npos ? 0 : close);
    if (space == std::string_view::npos || !base::glob_match(pattern, base::trim(line.substr(0, space)))) continue;
    const auto rest = base::trim(line.substr(space));
    const auto value = base::parse_number(rest.substr(0, rest.find(' ')));
    if (value) sum = sum.value_or(0) + *value;
  }
  return sum;
}

}  // namespace

void check_log_contains(Outcome& out) {
  std::vector<const Entry*> fitting;
  std::size_t all = 0;
  if (!lines_of(out, fitting, all)) return;
  const auto wanted = out.count("count", {1, kNoMaximum});
  const auto seen = static_cast<std::int64_t>(fitting.size());
  if (seen >= wanted.first && seen <= wanted.second) return;
  out.fail(fmt::format("{}: {}", log_words(out), count_words(wanted)), fmt::format("{} of {} lines", seen, all), fitting.empty() ? nullptr : fitting.back());
}

void check_log_never(Outcome& out) {
  std::vector<const Entry*> fitting;
  std::size_t all = 0;
  if (!lines_of(out, fitting, all) || fitting.empty()) return;
  out.fail("never " + log_words(out), fmt::format("{} of {} lines, the first at {}", fitting.size(), all, time_words(fitting.front()->at)), fitting.front());
}

void check_status_shows(Outcome& out) {
  const Entry* near = nullptr;
  auto body = body_of(out, near);
  if (!body) return;
  if (body->is_string()) {
    auto parsed = base::parse_wire_json(body->get<std::string>());
    if (!parsed) return out.fail(out.text("reply") + " is JSON", quote(body->get<std::string>()), near);
    body = std::move(parsed);
  }
  const auto has = member(out, "has");
  for (const auto& [pointer, value] : has.items()) {
    const auto found = at_pointer(*body, pointer);
    const bool fits = found.empty() ? value_matches(value, nullptr) : std::any_of(found.begin(), found.end(), [&](const Json* each) { return value_matches(value, each); });
    if (!fits) out.fail(fmt::format("{} at {}: {}", out.text("reply"), pointer, wanted_words(value)), found.empty() ? "nothing there" : base::shorten(wanted_words(*found.front()), 200), near);
  }
}

void check_metrics(Outcome& out) {
  const Entry* near = nullptr;
  const auto body = body_of(out, near);
  if (!body) return;
  const auto text = body->is_string() ? body->get<std::string>() : base::dump(*body);
  const auto has = member(out, "has");
  for (const auto& [name, value] : has.items()) {
    const auto seen = sample(text, name);
    if (!seen) {
      out.fail("the sample " + name, "it is not there", near);
    } else if (value.is_object()) {
      const auto* min = base::find(value, "min");
      const auto* max = base::find(value, "max");
      if ((min && min->is_number() && *seen < min->get<double>()) || (max && max->is_number() && *seen > max->get<double>())) out.fail(fmt::format("{}: {}", name, base::dump(value)), fmt::format("{:g}", *seen), near);
    } else if (!value.is_number() || *seen != value.get<double>()) {
      out.fail(fmt::format("{}: {}", name, base::dump(value)), fmt::format("{:g}", *seen), near);
    }
  }
}

void check_between(Outcome& out) {
  const auto from_param = member(out, "from");
  const auto to_param = member(out, "to");
  const auto from = moment_at(out.view(), from_param);
  const auto to = moment_at(out.view(), to_param);
  const auto words = fmt::format("{} after {}", moment_words(to_param), moment_words(from_param));
  if (!from) return out.fail(moment_words(from_param), "that never happened");
  const auto max = out.duration("max");
  if (!to) return out.never_within(words, from->at, max.value_or(Duration::max()), "that never happened", from->entry);
  if (const auto min = out.duration("min")) out.at_least(words, to->at - from->at, *min, to->entry);
  if (max) out.within(words, from->at, to->at, *max, to->entry);
  if (to->at < from->at) out.fail(words, fmt::format("the other way round: {} and {}", time_words(to->at), time_words(from->at)), to->entry);
}

}  // namespace harness::checks
