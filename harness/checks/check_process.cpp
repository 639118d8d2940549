// The gateway as a process: alive, exits, states, what the manager wrote, what it costs.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "harness/checks/outcome.h"

namespace harness::checks {
namespace {

std::int64_t pid_of(const Entry& entry) { return base::integer_or(entry.data, "pid", 0); }

std::string exits_words(const std::vector<const Entry*>& exits) {
  if (exits.empty()) return "no exit";
  // Equal ones in a row are counted: two hundred kills are one word, not a screen of them.
  std::vector<std::pair<std::string, int>> rows;
  for (const auto* exit : exits) {
    auto word = exit_word(*exit);
    if (rows.empty() || rows.back().first != word) rows.emplace_back(std::move(word), 0);
    ++rows.back().second;
  }
  std::vector<std::string> words;
  for (const auto& [word, count] : rows) words.push_back(count > 1 ? fmt::format("{}×{}", word, count) : word);
  return "exits: " + base::join(words, ", ");
}

/// State changes of the unit before the harness stopped it, in the window.
std::vector<const Entry*> states_of(Outcome& out, Duration from, Duration to) {
  std::vector<const Entry*> list;
  const auto wanted = out.text("unit", "*.service");
  for (const auto* entry : out.view().of("manager", "state")) {
    const auto unit = base::string_or(entry->data, "unit");
    const bool ours = base::glob_match(wanted, unit) || (!out.has("unit") && unit.find('.') == std::string::npos);
    if (ours && entry->at <= out.view().teardown() && entry->at >= from && entry->at <= to) list.push_back(entry);
  }
  return list;
}

bool state_is(const Entry& entry, const std::string& word) { return base::string_or(entry.data, "to") == word || base::string_or(entry.data, "active") == word; }

std::string states_words(const std::vector<const Entry*>& states) {
  if (states.empty()) return "no change of state";
  std::string words;
  const auto begin = states.size() > 12 ? states.size() - 12 : 0;
  for (std::size_t i = begin; i < states.size(); ++i) words += (words.empty() ? begin > 0 ? "… → " : "" : " → ") + base::string_or(states[i]->data, "to");
  return words;
}

}  // namespace

void check_survives(Outcome& out) {
  const auto& view = out.view();
  if (view.spawns().empty()) return out.unknown("the gateway runs", "it was never started in this run");
  const bool same = out.flag("pid").value_or(true);
  for (const auto* exit : view.exits()) {
    const auto word = exit_word(*exit);
    if (!same && (word == "75" || word == "0")) continue;
    out.fail(fmt::format("the gateway (pid {}) survives{}", pid_of(*view.spawns().front()), same ? "" : " or exits as planned (75, 0)"),
             fmt::format("pid {} {} {}", pid_of(*exit), base::string_or(exit->data, "code", "exited"), word), exit);
  }
  if (!out.failed() && same) out.tell(fmt::format("survived (pid {}, 0 exits)", pid_of(*view.spawns().front())));
  if (!out.failed() && !same) out.tell(fmt::format("survived ({} planned exits)", view.exits().size()));
}

void check_exits(Outcome& out) {
  Duration from{0}, to = Duration::max();
  if (!out.window(from, to)) return;
  std::vector<const Entry*> exits;
  for (const auto* exit : out.view().exits()) {
    if (exit->at >= from && exit->at <= to) exits.push_back(exit);
  }
  const Entry* near = exits.empty() ? nullptr : exits.back();
  if (const auto* codes = base::find(out.params(), "codes")) {
    const auto wanted = codes->is_array() ? *codes : Json::array({*codes});
    const bool same = exits.size() == wanted.size() && std::equal(exits.begin(), exits.end(), wanted.begin(), [](const Entry* exit, const Json& code) { return code_matches(code, exit_word(*exit)); });
    std::vector<std::string> words;
    for (const auto& each : wanted) words.push_back(wanted_words(each));
    if (!same) out.fail("the gateway's exits, in order: " + base::join(words, ", "), exits_words(exits), near);
  }
  if (!out.has("codes") || out.has("count") || out.has("code")) {
    const auto* code = base::find(out.params(), "code");
    const auto matching = std::count_if(exits.begin(), exits.end(), [&](const Entry* exit) { return !code || code_matches(*code, exit_word(*exit)); });
    const auto wanted = out.count("count", {1, kNoMaximum});
    if (matching < wanted.first || matching > wanted.second) {
      out.fail(fmt::format("{} exits of the gateway{}", count_words(wanted), code ? " with " + wanted_words(*code) : ""), exits_words(exits), near);
    }
  }
  if (!out.failed() && !exits.empty()) out.tell(exits_words(exits));
}

void check_states(Outcome& out) {
  Duration from{0}, to = Duration::max();
  if (!out.window(from, to)) return;
  const auto states = states_of(out, from, to);
  const Entry* near = states.empty() ? nullptr : states.back();
  const auto wanted = out.texts("is");
  std::size_t next = 0;
  const bool exactly = out.flag("exactly").value_or(false);
  for (const auto* state : states) {
    if (wanted.empty()) break;
    if (next < wanted.size() && state_is(*state, wanted[next])) ++next;
    else if (exactly && (next > 0 || !wanted.empty())) {
      out.fail(fmt::format("the unit's states are exactly {}", base::join(wanted, " → ")), states_words(states), state);
      break;
    }
  }
  if (next < wanted.size()) out.fail(fmt::format("the unit goes through {}", base::join(wanted, " → ")), fmt::format("{}; {} never came in its turn", states_words(states), quote(wanted[next])), near);
  for (const auto& never : out.texts("never")) {
    for (const auto* state : states) {
      if (!state_is(*state, never)) continue;
      out.fail("the unit never is " + never, fmt::format("it is at {}", time_words(state->at)), state);
      break;
    }
  }
  if (out.has("last") && (states.empty() || !state_is(*states.back(), out.text("last")))) out.fail("the unit's last state is " + out.text("last"), states_words(states), near);
  if (out.has("result")) {
    std::string result = "success";
    for (const auto* state : states) result = base::string_or(state->data, "result", result);
    if (result != out.text("result")) out.fail("the unit's result is " + out.text("result"), result, near);
  }
  if (out.has("restarts")) {
    std::int64_t restarts = 0;
    for (const auto* state : states) restarts = base::integer_or(state->data, "n_restarts", restarts);
    out.count_fits("restarts counted by the manager (NRestarts)", restarts, out.count("restarts", {0, kNoMaximum}), near);
  }
}

void check_journal(Outcome& out) {
  const auto lines = out.view().of("manager", "journal");
  const auto wanted = out.texts("contains");
  std::size_t next = 0;
  for (const auto* line : lines) {
    const auto text = base::string_or(line->data, "line");
    if (next < wanted.size() && base::glob_match(wanted[next], text)) ++next;
    for (const auto& never : out.texts("never")) {
      if (line->at <= out.view().teardown() && base::glob_match(never, text)) out.fail("the manager never writes " + quote(never), quote(text), line);
    }
  }
  if (next == wanted.size()) return;
  out.fail(fmt::format("the manager writes {}{}", quote(wanted[next]), next == 0 ? "" : " after " + quote(wanted[next - 1])), fmt::format("{} lines without it", lines.size()), lines.empty() ? nullptr : lines.back());
}

void check_resources(Outcome& out) {
  std::map<std::int64_t, std::vector<const Entry*>> by_pid;
  for (const auto* entry : out.view().of("harness", "resources")) by_pid[pid_of(*entry)].push_back(entry);
  bool compared = false;
  constexpr std::array<std::pair<std::string_view, std::string_view>, 3> kinds{{{"rss_kb", "KiB of memory"}, {"fds", "open descriptors"}, {"threads", "threads"}}};
  for (const auto& [pid, samples] : by_pid) {
    for (const auto* sample : samples) {
      const auto rss = base::integer_or(sample->data, "rss_kb", 0);
      if (out.has("rss_kb_max")) compared = true;
      if (out.has("rss_kb_max") && rss > base::integer_or(out.params(), "rss_kb_max", 0)) {
        out.fail(fmt::format("never more than {} KiB of memory", base::integer_or(out.params(), "rss_kb_max", 0)), fmt::format("{} KiB (pid {})", rss, pid), sample);
      }
    }
    if (samples.size() < 2) continue;
    for (const auto& [key, words] : kinds) {
      if (!out.has(key)) continue;
      compared = true;
      const auto before = base::integer_or(samples.front()->data, key, 0);
      const auto after = base::integer_or(samples.back()->data, key, 0);
      const auto limit = base::integer_or(out.params(), key, 0);
      if (after - before > limit) out.fail(fmt::format("at most {} more {}", limit, words), fmt::format("{} more: {} to {} (pid {})", after - before, before, after, pid), samples.back());
    }
  }
  if (!compared) out.unknown("the gateway's resources, at the start and at the end", "they were not measured twice for one process");
}

}  // namespace harness::checks
