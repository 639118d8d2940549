#include "harness/checks/view.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "harness/history/describe.h"

namespace harness::checks {
namespace {

bool glob(const std::string& pattern, const std::string& text) { return pattern.empty() || base::glob_match(pattern, text); }
bool main_role(const Entry& entry) { return base::string_or(entry.data, "role", "main") != "control"; }

}  // namespace

bool Exchange::stream() const { return base::bool_or(request->data, "stream", false) || (reply() && base::integer_or(reply()->data, "events", 0) > 0); }
bool Exchange::left() const { return reply() && base::string_or(reply()->data, "ended") == "hung-up"; }
Duration Exchange::length() const { return reply() ? reply()->at - request->at : Duration{0}; }

bool Attempt::healthy() const { return answer && base::string_or(answer->data, "fault").empty(); }
std::string Attempt::fault() const { return answer ? base::string_or(answer->data, "fault") : std::string(); }

bool AttemptFilter::matches(const Attempt& attempt) const {
  if (!provider.empty() && attempt.provider != provider) return false;
  if (!credential.empty() && attempt.credential != credential) return false;
  if (!glob(model, attempt.model) || !glob(path, attempt.path)) return false;
  if (!session.empty() && attempt.session != session) return false;
  if (attempt.at() < from || attempt.at() > to) return false;
  if (!fault) return true;
  return fault->empty() ? attempt.healthy() : attempt.answer && base::glob_match(*fault, attempt.fault());
}

std::string AttemptFilter::words() const {
  std::string words;
  if (!provider.empty()) words += " at " + provider;
  if (!credential.empty()) words += " with " + credential;
  if (!model.empty()) words += " for " + model;
  if (!session.empty()) words += " of session " + session;
  if (!path.empty()) words += " on " + path;
  if (fault) words += fault->empty() ? " answered well" : " answered " + *fault;
  if (from != Duration{0}) words += fmt::format(" from {:.3f} s", base::seconds(from));
  if (to != Duration::max()) words += fmt::format(" to {:.3f} s", base::seconds(to));
  return words;
}

View::View(const History& history) : sorted_(history.entries()) {
  std::stable_sort(sorted_.begin(), sorted_.end(), [](const Entry& a, const Entry& b) { return a.at != b.at ? a.at < b.at : a.seq < b.seq; });
  for (const auto& entry : sorted_) {
    entries_.push_back(&entry);
    // Older histories have no "teardown" line; the last measurement of resources is made just before it.
    const bool over = entry.kind == "teardown" || (entry.kind == "resources" && base::string_or(entry.data, "when") == "end");
    if (entry.lane == "harness" && over) teardown_ = std::min(teardown_, entry.at);
  }
  for (const auto& entry : sorted_) read(entry);
  for (auto& attempt : attempts_) {
    if (!attempt.seen) attempt.seen = attempt.answer ? attempt.answer : attempt.end;  // its beginning was not recorded
  }
}

void View::read(const Entry& entry) {
  if (entry.at <= teardown_) length_ = std::max(length_, entry.at);
  if (entry.lane == "client") read_client(entry);
  if (entry.lane == "provider") read_provider(entry);
  if (entry.lane == "cli") read_cli(entry);
  if (entry.lane != "manager" || entry.at >= teardown_ || !main_role(entry)) return;
  if (entry.kind == "spawn") spawns_.push_back(&entry);
  if (entry.kind == "exit") exits_.push_back(&entry);
}

void View::read_client(const Entry& entry) {
  const auto id = base::integer_or(entry.data, "id", -1);
  if (entry.kind == "request") {
    exchange_of_[id] = exchanges_.size();
    exchanges_.push_back({.id = id, .as = base::string_or(entry.data, "as"), .request = &entry});
    return;
  }
  const auto found = exchange_of_.find(id);
  if (found == exchange_of_.end()) return;
  auto& exchange = exchanges_[found->second];
  if (entry.kind == "first-event" && !exchange.first) exchange.first = &entry;
  if (entry.kind == "reply") exchange.replies.push_back(&entry);
}

void View::read_provider(const Entry& entry) {
  if (entry.kind != "attempt" && entry.kind != "answer" && entry.kind != "end") return;
  const std::pair key{base::string_or(entry.data, "provider"), base::integer_or(entry.data, "attempt", -1)};
  auto [place, fresh] = attempt_of_.try_emplace(key, attempts_.size());
  if (fresh) attempts_.push_back({.number = key.second, .provider = key.first});
  auto& attempt = attempts_[place->second];
  for (const auto& [member, name] : {std::pair{&attempt.credential, "credential"}, {&attempt.model, "model"}, {&attempt.session, "session"}, {&attempt.path, "path"}}) {
    if (member->empty()) *member = base::string_or(entry.data, name);
  }
  auto& slot = entry.kind == "attempt" ? attempt.seen : entry.kind == "answer" ? attempt.answer : attempt.end;
  if (!slot) slot = &entry;
}

void View::read_cli(const Entry& entry) {
  const auto id = base::integer_or(entry.data, "id", -1);
  if (entry.kind == "start") {
    command_of_[id] = commands_.size();
    commands_.push_back({.id = id, .as = base::string_or(entry.data, "as"), .start = &entry});
    return;
  }
  const auto found = command_of_.find(id);
  if (found == command_of_.end()) return;
  auto& command = commands_[found->second];
  if (entry.kind == "line") command.lines.push_back(&entry);
  if (entry.kind == "exit" && !command.exit) command.exit = &entry;
}

std::vector<const Exchange*> View::named(std::string_view pattern) const {
  std::vector<const Exchange*> list;
  for (const auto& each : exchanges_) {
    if (name_meant(pattern, each.as)) list.push_back(&each);
  }
  return list;
}

std::vector<const Command*> View::commands_named(std::string_view pattern) const {
  std::vector<const Command*> list;
  for (const auto& each : commands_) {
    if (name_meant(pattern, each.as)) list.push_back(&each);
  }
  return list;
}

std::vector<const Attempt*> View::attempts(const AttemptFilter& filter) const {
  std::vector<const Attempt*> list;
  for (const auto& each : attempts_) {
    if (filter.matches(each)) list.push_back(&each);
  }
  return list;
}

std::vector<const Entry*> View::of(std::string_view lane, std::string_view kind) const {
  std::vector<const Entry*> list;
  for (const auto* entry : entries_) {
    if (entry->lane == lane && entry->kind == kind) list.push_back(entry);
  }
  return list;
}

const Entry* View::last(std::string_view lane, std::string_view kind) const {
  const auto list = of(lane, kind);
  return list.empty() ? nullptr : list.back();
}

Duration View::lag(Duration from, Duration to) const {
  Duration worst{0};
  for (const auto* entry : entries_) {
    if (entry->lane != "harness" || entry->kind != "lag" || entry->at < from) continue;
    const auto* ms = base::find(entry->data, "ms");
    if (!ms || !ms->is_number()) continue;
    // It is written when it is over: the harness stood still from then minus `ms`.
    const auto late = base::from_seconds(ms->get<double>() / 1000);
    if (entry->at - late <= to) worst = std::max(worst, late);
  }
  return worst;
}

std::vector<std::uint64_t> View::around(const Entry* entry) const {
  std::vector<std::uint64_t> list;
  const auto found = std::find(entries_.begin(), entries_.end(), entry);
  if (found == entries_.end()) return list;
  for (auto before = found; before != entries_.begin();) {
    --before;
    if (!worth_showing(**before)) continue;
    list.push_back((*before)->seq);
    break;
  }
  list.push_back(entry->seq);
  for (auto after = found + 1; after != entries_.end(); ++after) {
    if (!worth_showing(**after)) continue;
    list.push_back((*after)->seq);
    break;
  }
  return list;
}

std::vector<std::uint64_t> View::around(Duration at) const {
  std::vector<std::uint64_t> list;
  const auto after = std::find_if(entries_.begin(), entries_.end(), [&](const auto* entry) { return entry->at > at; });
  for (auto before = after; before != entries_.begin();) {
    --before;
    if (!worth_showing(**before)) continue;
    list.push_back((*before)->seq);
    break;
  }
  for (auto next = after; next != entries_.end(); ++next) {
    if (!worth_showing(**next)) continue;
    list.push_back((*next)->seq);
    break;
  }
  return list;
}

bool name_meant(std::string_view pattern, std::string_view as) {
  if (pattern == as || base::glob_match(pattern, as)) return true;
  if (pattern.ends_with(".1") && pattern.substr(0, pattern.size() - 2) == as) return true;
  if (!as.starts_with(pattern) || as.size() <= pattern.size() + 1 || as[pattern.size()] != '.') return false;
  return as.find_first_not_of("0123456789", pattern.size() + 1) == std::string_view::npos;
}

std::string exit_word(const Entry& exit) {
  const auto* status = base::find(exit.data, "status");
  if (!status) return "?";
  if (status->is_string()) {
    const auto text = status->get<std::string>();
    return text.starts_with("SIG") ? text.substr(3) : text;
  }
  const auto number = base::integer_or(exit.data, "status", -1);
  if (base::string_or(exit.data, "code", "exited") == "exited") return std::to_string(number);
  constexpr std::array<std::pair<int, std::string_view>, 9> signals{{{1, "HUP"}, {2, "INT"}, {3, "QUIT"}, {6, "ABRT"}, {9, "KILL"}, {10, "USR1"}, {11, "SEGV"}, {12, "USR2"}, {15, "TERM"}}};
  for (const auto& [value, name] : signals) {
    if (value == number) return std::string(name);
  }
  return fmt::format("signal {}", number);
}

}  // namespace harness::checks
