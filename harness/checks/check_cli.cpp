// What a command printed, how it ended, how long it took.
#include <fmt/format.h>

#include "base/text.h"
#include "harness/checks/outcome.h"

namespace harness::checks {
namespace {

std::string line_of(const Entry& entry) { return base::string_or(entry.data, "line"); }

void judge_lines(Outcome& out, const Command& command) {
  const auto wanted = out.texts("lines");
  std::size_t next = 0;
  const bool exactly = out.flag("exactly").value_or(false);
  for (const auto* line : command.lines) {
    const bool fits = next < wanted.size() && base::glob_match(wanted[next], line_of(*line));
    if (fits) ++next;
    else if (exactly) return out.fail(next < wanted.size() ? "then the line " + quote(wanted[next]) : "no more lines", quote(line_of(*line)), line);
  }
  if (next == wanted.size()) return;
  const auto* last = command.lines.empty() ? command.exit ? command.exit : command.start : command.lines.back();
  std::string seen = command.lines.empty() ? "no output" : "";
  for (std::size_t i = command.lines.size() > 4 ? command.lines.size() - 4 : 0; i < command.lines.size(); ++i) seen += (seen.empty() ? "" : ", ") + quote(line_of(*command.lines[i]));
  out.fail(fmt::format("the line {}{}", quote(wanted[next]), next == 0 ? "" : fmt::format(" after {}", quote(wanted[next - 1]))), seen, last);
}

void judge_command(Outcome& out, const Command& command) {
  judge_lines(out, command);
  std::string all;
  for (const auto* line : command.lines) all += line_of(*line) + "\n";
  for (const auto& part : out.texts("contains")) {
    if (all.find(part) == std::string::npos) out.fail(fmt::format("the output of {} contains {}", command.as, quote(part)), quote(all), command.exit ? command.exit : command.start);
  }
  for (const auto* line : command.lines) {
    for (const auto& part : out.texts("never")) {
      if (line_of(*line).find(part) != std::string::npos) out.fail(fmt::format("the output of {} never contains {}", command.as, quote(part)), quote(line_of(*line)), line);
    }
  }
  if (!command.exit) {
    const auto limit = out.duration("within");
    if (limit || out.has("code")) out.never_within(command.as + " ends", command.start->at, limit.value_or(Duration::max()), "still running at the end of the run", command.start);
    return;
  }
  const auto code = std::to_string(base::integer_or(command.exit->data, "code", -1));
  if (const auto* wanted = base::find(out.params(), "code"); wanted && !code_matches(*wanted, code)) {
    out.fail(fmt::format("exit code of {}: {}", command.as, wanted_words(*wanted)), code, command.exit);
  }
  if (const auto limit = out.duration("within")) out.within(command.as + " ends", command.start->at, command.exit->at, *limit, command.exit);
  if (const auto limit = out.duration("at_least")) out.at_least(command.as + " takes", command.exit->at - command.start->at, *limit, command.exit);
}

}  // namespace

void check_cli(Outcome& out) {
  const auto name = out.text("cli");
  const auto list = out.view().commands_named(name);
  if (list.empty()) return out.unknown("a command called " + name, "none was run");
  for (const auto* command : list) judge_command(out, *command);
  if (!out.failed() && list.size() == 1 && list.front()->exit) {
    out.tell(fmt::format("{} in {}", name, base::human_duration(list.front()->exit->at - list.front()->start->at)));
  }
}

}  // namespace harness::checks
