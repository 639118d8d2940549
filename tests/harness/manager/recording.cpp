// Replaying recorded cases: the steps at their recorded times, then every word and state compared.
#include "tests/harness/manager/recording.h"

#include <fstream>
#include <regex>
#include <sstream>

#include "base/text.h"

namespace harness::manager::testing {
namespace {

using namespace std::chrono_literals;

// The recordings were made on a shared virtual machine; shorter differences than this mean nothing.
constexpr std::int64_t kToleranceMs = 150;

bool close_enough(std::int64_t a, std::int64_t b) { return std::abs(a - b) <= kToleranceMs; }

std::string text_of(const base::Json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

std::vector<std::string> split_words(const std::string& text) {
  std::vector<std::string> out;
  std::string word;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) {
      word += c;
      continue;
    }
    if (!word.empty()) out.push_back(std::exchange(word, {}));
    out.emplace_back(1, c);
  }
  if (!word.empty()) out.push_back(word);
  return out;
}

/// Takes out of status texts what differs from run to run.
std::string without_times(std::string text) {
  static const std::vector<std::pair<std::regex, std::string>> kRules = {
      {std::regex{R"(\w{3} \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC)"}, "TS"},
      {std::regex{R"(; \d+\w*( \d+\w+)* ago)"}, "; AGO"},
      {std::regex{R"(Main PID: \d+)"}, "Main PID: N"},
      {std::regex{R"(Process: \d+)"}, "Process: N"},
      {std::regex{R"(CPU: [^\n]*)"}, "CPU: T"},
      {std::regex{R"(Duration: [^\n]*)"}, "Duration: T"},
      {std::regex{R"(Invocation: [0-9a-f]{32})"}, "Invocation: I"},
      {std::regex{R"(─ *\d+ )"}, "─N "},
      {std::regex{R"(pid=\d+)"}, "pid=N"},
      {std::regex{R"(Monotonic=\d+)"}, "Monotonic=N"},
      {std::regex{R"(^\d+$)"}, "N"},
  };
  for (const auto& [pattern, with] : kRules) text = std::regex_replace(text, pattern, with);
  return text;
}

/// Debug lines, which only a manager at log level debug writes: the recordings were made with one.
bool debug_line(const std::string& text) {
  return text.starts_with("Job ") || text.starts_with("Service will ") || text.starts_with("Service restart not allowed") ||
         text.starts_with("Got notification message") || text.starts_with("Next restart interval") || text.starts_with("Deactivated successfully") ||
         text.starts_with("Starting requested but condition") || text.ends_with("(success)");
}

}  // namespace

const base::Json& recordings() {
  static const base::Json kAll = [] {
    std::ifstream in{std::string{BROWNOUT_SOURCE_DIR} + "/tests/data/systemd_golden.json"};
    std::stringstream text;
    text << in.rdbuf();
    return base::parse_wire_json(text.str()).value_or(base::Json::object());
  }();
  return kAll;
}

bool Labels::is_label(std::string_view word) {
  if (word == "C") return true;  // some control process
  if (word.size() < 2 || std::string_view{"PIXJ"}.find(word[0]) == std::string_view::npos) return false;
  return word.find_first_not_of("0123456789", 1) == std::string_view::npos;
}

bool Labels::same(const std::string& label, const std::string& value) {
  if (value.empty() || value == "0") return false;
  if (label == "C") return true;
  // P1 and X3 are both pids; the letter only says how the recorder met them first.
  const auto known = value_of_.find(label);
  if (known != value_of_.end()) return known->second == value;
  if (label_of_.contains(value)) return false;
  value_of_[label] = value;
  label_of_[value] = label;
  return true;
}

bool Labels::same_text(const std::string& recorded, const std::string& ours) {
  if (recorded == ours) return true;
  const auto a = split_words(recorded), b = split_words(ours);
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] != b[i] && !(is_label(a[i]) && same(a[i], b[i]))) return false;
  }
  return true;
}

Replay::Replay(const base::Json& recorded_case, Compat recorded, Compat played)
    : case_(recorded_case), recorded_(recorded_case["runs"][std::string{to_string(recorded)}]), name_(recorded_case["name"].get<std::string>()),
      unit_(name_ + ".service"), state_dir_("/state/" + name_), machine_(played) {}

std::string Replay::fill(std::string text) const {
  std::string probe = "/opt/probe " + state_dir_;
  for (const auto& script : case_["scripts"]) probe += " \"" + script.get<std::string>() + "\"";
  text = base::replace_all(std::move(text), "@X", probe);
  text = base::replace_all(std::move(text), "@P", "/opt/probe");
  text = base::replace_all(std::move(text), "@S", state_dir_);
  return base::replace_all(std::move(text), "@U", name_);
}

std::string Replay::blank(std::string text) const {
  text = base::replace_all(std::move(text), "/state/", "@STATE/");
  text = base::replace_all(std::move(text), name_, "@U");
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

void Replay::prepare() {
  const std::string folder = "/run/rsd-home/.config/systemd/user/";
  std::string text = case_["unit"].get<std::string>();
  if (!text.starts_with('[')) text.insert(0, "[Service]\n");
  if (text.find("ExecStart=") == std::string::npos && !case_.contains("no_execstart")) text += "\nExecStart=@X";
  machine_.files[folder + unit_] = fill(text) + "\n";
  if (case_.contains("extra_units")) {
    for (const auto& [other, other_text] : case_["extra_units"].items()) machine_.files[folder + fill(other)] = fill(other_text.get<std::string>());
  }
  // The recorded manager had seen other cases before: one unit of theirs had failed (is-system-running says degraded).
  machine_.files[folder + "earlier.service"] = "[Service]\nExecStart=/opt/probe /state/earlier exit:1\n";
  machine_.call_and_wait("systemctl --user start earlier");
  machine_.run_for(100ms);
  if (case_["kept"].get<bool>()) machine_.manager().keep(unit_);
  machine_.journal.clear();
  machine_.events.clear();
  machine_.changes.clear();
  machine_.change_times.clear();
  begin_ = machine_.now();
}

void Replay::check_text(const std::string& where, const std::string& recorded, const std::string& ours) {
  const auto a = base::split(without_times(recorded), '\n'), b = base::split(without_times(blank(ours)), '\n');
  bool same = a.size() == b.size();
  for (std::size_t i = 0; same && i < a.size(); ++i) same = labels_.same_text(a[i], b[i]);
  if (!same) problem(where + ": recorded\n" + recorded + "\n  ours\n" + blank(ours));
}

void Replay::check_call(const base::Json& recorded, const CallResult& result) {
  const std::string where = recorded["cmd"].get<std::string>();
  if (!result.done) return problem(where + ": never came back");
  if (result.rc != recorded["rc"]) problem(where + ": rc " + recorded["rc"].dump() + " recorded, ours " + std::to_string(result.rc));
  check_text(where + " (stdout)", recorded["out"].get<std::string>(), result.out);
  check_text(where + " (stderr)", recorded["err"].get<std::string>(), result.err);
  const auto took = base::milliseconds(result.ended - result.started);
  const auto expected = base::integer_or(recorded, "ms", 0);
  if (!close_enough(took, expected)) problem(where + ": took " + std::to_string(expected) + " ms, ours " + std::to_string(took));
}

void Replay::check_properties(const std::string& where, const base::Json& recorded) {
  for (const auto& [key, value] : recorded.items()) {
    std::string ours = machine_.manager().property(unit_, key);
    if (key == "Job") ours = ours.empty() ? "0" : "1";
    const std::string expected = text_of(value);
    const bool same = Labels::is_label(expected) ? labels_.same(expected, ours) : expected == ours;
    // A unit that was collected is loaded anew by the question; ours answers from nothing.
    const bool fresh = machine_.manager().snapshot(unit_).load_state == LoadState::not_found && ours.empty();
    if (fresh && (expected == "0" || expected.empty() || expected == "inactive" || expected == "dead" || expected == "success")) continue;
    if (!same) problem(where + ": " + key + "=" + expected + " recorded, ours " + ours);
  }
}

void Replay::check_words(const std::string& where, const base::Json& recorded) {
  const auto ask = [&](const char* verb, const char* key) {
    const auto result = machine_.ask(std::string{"systemctl --user "} + verb + " " + name_);
    const std::string ours = base::split(result.out, '\n')[0] + " " + std::to_string(result.rc);
    const std::string expected = recorded[key][0].get<std::string>() + " " + recorded[key][1].dump();
    if (ours != expected) problem(where + ": " + verb + " " + expected + " recorded, ours " + ours);
  };
  ask("is-active", "is_active");
  ask("is-failed", "is_failed");
  const auto status = machine_.ask("systemctl --user status -n0 " + name_);
  if (status.rc != recorded["status_rc"]) problem(where + ": status rc " + recorded["status_rc"].dump() + " recorded, ours " + std::to_string(status.rc));
}

void Replay::shell(const std::string& command, const base::Json& recorded) {
  std::string out;
  if (command.starts_with("sleep 1.1; echo")) {
    machine_.run_for(1100ms);
    const std::string path = "/run/rsd-home/.config/systemd/user/" + unit_;
    machine_.files[path] += "# x\n";
    ++machine_.versions[path];
  } else if (command.starts_with("python3")) {
    // A client that connects, sends one letter and prints what comes back.
    const std::string sent(1, command[command.find("s.send(b'") + 9]);
    std::string answer;
    machine_.run_for(30ms);
    machine_.connect(state_dir_ + ".sock", sent, answer);
    for (int i = 0; i < 5000 && answer.empty(); ++i) machine_.run_for(1ms);
    out = "b'" + answer + "'";
  } else if (command.starts_with("cat ") || command.starts_with("ls ")) {
    std::string path = base::split(command, ' ')[1];
    if (command.starts_with("ls ")) {
      const auto names = machine_.list_folder(path);
      out = names.empty() ? "" : names[0];
    } else {
      out = machine_.read_file(path).value_or("");
    }
    if (command.find("grep -E") != std::string::npos) {
      std::string kept;
      for (const auto& line : base::split(out, '\n')) {
        const std::regex wanted{"^(SERVICE_RESULT|EXIT_CODE|EXIT_STATUS|MAINPID).*"};
        if (std::regex_match(line, wanted)) kept += line + "\n";
      }
      out = kept;
    }
  } else if (command.starts_with("pkill")) {
    std::vector<Pid> all;
    for (const auto& [pid, process] : machine_.alive) {
      if (process->unit == unit_) all.push_back(pid);
    }
    for (const Pid pid : all) machine_.kill(pid, 9);
    return;
  } else if (!command.starts_with("mkdir")) {
    return problem("the replay knows no shell command: " + command);
  }
  check_text(command, recorded["out"].get<std::string>(), out);
}

void Replay::step(const base::Json& spec, const base::Json& recorded) {
  const std::string kind = spec[0].get<std::string>();
  const auto when = at(base::integer_or(recorded, "t", 0));
  if (kind == "u") {
    const auto deadline = machine_.now() + std::chrono::milliseconds{spec[2].get<std::int64_t>()};
    const auto met = [&] {
      for (const auto& [key, value] : spec[1].items()) {
        if (machine_.manager().property(unit_, key) != text_of(value)) return false;
      }
      return true;
    };
    while (!met() && machine_.now() < deadline) machine_.run_for(2ms);
    const bool ok = met();
    if (ok != recorded["ok"].get<bool>()) problem("waiting for " + spec[1].dump() + " in vain");
    const auto ours = since_begin(machine_.now());
    if (!close_enough(ours, base::integer_or(recorded, "t", 0))) {
      problem("until " + spec[1].dump() + ": at " + recorded["t"].dump() + " ms recorded, ours " + std::to_string(ours));
    }
    return;
  }
  if (machine_.now() < when && kind != "sh") machine_.run_until(when);
  if (kind == "snap") {
    check_properties("snapshot " + spec[1].get<std::string>(), recorded["props"]);
    check_words("snapshot " + spec[1].get<std::string>(), recorded);
  } else if (kind == "k") {
    machine_.kill(machine_.manager().snapshot(unit_).main_pid, signal_number(spec[1].get<std::string>()).value_or(0));
  } else if (kind == "sh") {
    shell(fill(spec[1].get<std::string>()), recorded);
  } else if (kind == "s") {
    check_call(recorded, machine_.call_and_wait("systemctl --user " + fill(spec[1].get<std::string>())));
  } else if (kind == "b") {
    auto words = words_of("--user " + fill(spec[1].get<std::string>()));
    background_.emplace_back(recorded, machine_.call("systemctl", words));
  }
}

void Replay::steps() {
  std::size_t next = 0;
  for (const auto& spec : case_["step_spec"]) {
    if (spec[0] == "w") {
      machine_.run_for(std::chrono::milliseconds{spec[1].get<std::int64_t>()});
      continue;
    }
    if (next >= recorded_["steps"].size()) return problem("the recording has fewer steps than its plan");
    step(spec, recorded_["steps"][next++]);
  }
  machine_.run_for(30ms);
  for (const auto& [recorded, result] : background_) check_call(recorded, *result);
}

void Replay::check_states() {
  std::vector<std::pair<std::string, std::int64_t>> expected, ours;
  std::string last;
  for (const auto& change : recorded_["transitions"]) {
    const std::string from = change[1].get<std::string>(), to = change[2].get<std::string>();
    // daemon-reload makes the manager say "dead -> auto-restart" while it puts back what was; nothing changed.
    if (!last.empty() && from != last) continue;
    expected.emplace_back(from + " → " + to, change[0].get<std::int64_t>());
    last = to;
  }
  for (std::size_t i = 0; i < machine_.changes.size(); ++i) {
    const auto& change = machine_.changes[i];
    if (change.unit == unit_) ours.emplace_back(change.from + " → " + change.to, since_begin(machine_.change_times[i]));
  }
  const auto show = [](const auto& list) {
    std::string out;
    for (const auto& [what, ms] : list) out += "\n    " + std::to_string(ms) + " " + what;
    return out;
  };
  bool same = expected.size() == ours.size();
  for (std::size_t i = 0; same && i < expected.size(); ++i) {
    same = expected[i].first == ours[i].first && close_enough(expected[i].second, ours[i].second);
  }
  if (!same) problem("states: recorded" + show(expected) + "\n  ours" + show(ours));
}

void Replay::check_log() {
  std::vector<std::string> expected, ours;
  for (const auto& line : recorded_["log"]) {
    const std::string text = line[1].get<std::string>();
    if (!debug_line(text)) expected.push_back(text);
  }
  for (const auto& line : machine_.journal) {
    if (line.unit != unit_ || line.identifier != "systemd") continue;
    std::string text = line.message;
    if (text.starts_with(unit_ + ": ")) text = text.substr(unit_.size() + 2);
    // Not in the recorder's list of lines.
    if (text.starts_with("This usually indicates") || text.starts_with("Failed at step") || text.starts_with("Failed to locate") ||
        text.starts_with("Unable to locate") || text.starts_with("Triggering OnFailure") || text.starts_with("Failed to load environment") ||
        text.starts_with("Failed to spawn") || text.starts_with("Finished ") || text.starts_with("Service has no ExecStart")) {
      continue;
    }
    ours.push_back(blank(text));
  }
  // The order of two lines of one instant (two processes that die of one signal) is the kernel's choice.
  const auto show = [](const auto& list) {
    std::string out;
    for (const auto& line : list) out += "\n    " + line;
    return out;
  };
  std::vector<std::string> rest = ours;
  bool same = expected.size() == ours.size();
  for (std::size_t i = 0; same && i < expected.size(); ++i) {
    std::size_t k = 0;
    while (k < rest.size() && k < 2 && !labels_.same_text(expected[i], rest[k])) ++k;
    same = k < rest.size() && k < 2;
    if (same) rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(k));
  }
  if (!same) problem("log: recorded" + show(expected) + "\n  ours" + show(ours));
}

void Replay::check_probe() {
  // By process: the order between two processes is the scheduler's.
  std::vector<std::pair<std::string, std::vector<std::string>>> expected;
  std::vector<std::pair<std::string, std::vector<std::string>>> ours;
  const auto add = [](auto& list, const std::string& who, const std::string& text) {
    for (auto& [name, lines] : list) {
      if (name == who) return lines.push_back(text);
    }
    list.emplace_back(who, std::vector<std::string>{text});
  };
  for (const auto& event : recorded_["probe"]) add(expected, event[2].get<std::string>(), event[3].get<std::string>());
  for (const auto& event : machine_.events) {
    const auto& text = event.text;
    if (text.starts_with("exit 0 (end)")) continue;
    add(ours, std::to_string(event.pid), text);
  }
  std::erase_if(ours, [&](const auto& process) {
    return std::none_of(expected.begin(), expected.end(), [&](const auto& other) { return labels_.same(other.first, process.first); });
  });
  for (const auto& [who, lines] : expected) {
    std::vector<std::string> mine;
    for (const auto& [pid, list] : ours) {
      if (labels_.same(who, pid)) mine = list;
    }
    std::vector<std::string> theirs = lines;
    const auto shape = [](std::vector<std::string>& list) {
      // SIGCONT follows SIGTERM at once; whether the handler's first operation or the note of SIGCONT comes first is a race.
      std::erase_if(list, [](const std::string& line) { return line == "signal 18" || line.starts_with("exit 0 (end)"); });
      // How many pings fit in a while is a matter of milliseconds; that they come is not.
      list.erase(std::unique(list.begin(), list.end(), [](const auto& a, const auto& b) { return a == b && a.starts_with("notify WATCHDOG=1"); }), list.end());
      for (auto& line : list) line = base::replace_all(line, "MAINPID= ", "MAINPID=");
    };
    shape(mine);
    shape(theirs);
    bool same = mine.size() == theirs.size();
    for (std::size_t i = 0; same && i < mine.size(); ++i) same = labels_.same_text(blank(theirs[i]), blank(mine[i]));
    if (same) continue;
    std::string text = "probe " + who + ": recorded";
    for (const auto& line : theirs) text += "\n    " + line;
    text += "\n  ours";
    for (const auto& line : mine) text += "\n    " + blank(line);
    problem(text);
  }
}

void Replay::check_environment() {
  if (!recorded_.contains("env")) return;
  for (const auto& [file, recorded] : recorded_["env"].items()) {
    std::map<std::string, std::string> ours;
    for (const auto& line : base::split(machine_.read_file(state_dir_ + "/" + file).value_or(""), '\n')) {
      if (!line.empty()) ours[line.substr(0, line.find('='))] = line.substr(line.find('=') + 1);
    }
    for (const auto& [key, value] : recorded.items()) {
      const std::string expected = value.get<std::string>();
      if (!ours.contains(key)) {
        problem("environment: " + key + " is missing");
      } else if (key != "JOURNAL_STREAM" && key != "MANAGERPID" && !labels_.same_text(expected, ours[key])) {
        problem("environment: " + key + "=" + expected + " recorded, ours " + ours[key]);
      }
      ours.erase(key);
    }
    for (const auto& [key, value] : ours) problem("environment: " + key + "=" + value + " is ours alone");
  }
}

std::vector<std::string> Replay::run() {
  prepare();
  steps();
  check_properties("end", recorded_["final"]["props"]);
  check_words("end", recorded_["final"]);
  check_states();
  check_log();
  check_probe();
  check_environment();
  return std::move(problems_);
}

}  // namespace harness::manager::testing
