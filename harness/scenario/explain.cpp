#include "harness/scenario/explain.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "harness/scenario/check_table.h"
#include "harness/scenario/needs.h"
#include "harness/scenario/step_table.h"
#include "harness/scenario/vocabulary.h"

namespace harness {
namespace {

using base::Json;

std::string value_words(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_array()) {
    std::vector<std::string> parts;
    for (const auto& each : value) parts.push_back(value_words(each));
    return base::join(parts, ", ");
  }
  if (value.is_object() && value.size() <= 2 && (value.contains("min") || value.contains("max"))) {
    if (!value.contains("max")) return "at least " + base::dump(value["min"]);
    if (!value.contains("min")) return "at most " + base::dump(value["max"]);
    return base::dump(value["min"]) + " to " + base::dump(value["max"]);
  }
  if (value.is_object()) {
    std::vector<std::string> parts;
    for (const auto& [key, member] : value.items()) parts.push_back(key + " " + value_words(member));
    return base::join(parts, ", ");
  }
  return base::dump(value);
}

std::string params_words(const Json& params) {
  std::vector<std::string> parts;
  for (const auto& [key, value] : params.items()) parts.push_back(key + " " + value_words(value));
  return base::join(parts, "; ");
}

std::string when_words(const simulator::When& when) {
  std::vector<std::string> parts;
  const auto add = [&](std::string_view before, const std::string& value) {
    if (!value.empty()) parts.push_back(std::string(before) + value);
  };
  add("the key is ", when.credential);
  add("the model is ", when.model);
  add("the path is ", when.path);
  add("the method is ", when.method);
  add("the session is ", when.session);
  add("the script is in state ", when.state);
  add("the body holds ", when.text);
  if (when.stream) parts.push_back(*when.stream ? "a stream is wanted" : "no stream is wanted");
  const auto range = [&](const auto& value, std::string_view of) {
    if (value && value->first == value->second) parts.push_back(fmt::format("it is attempt {}{}", value->first, of));
    else if (value) parts.push_back(fmt::format("it is attempt {} to {}{}", value->first, value->second, of));
  };
  range(when.nth, "");
  range(when.nth_credential, " with that key");
  range(when.nth_session, " of that session");
  if (when.after) parts.push_back("it is later than " + base::human_duration(*when.after));
  if (when.before) parts.push_back("it is before " + base::human_duration(*when.before));
  for (const auto& [name, pattern] : when.headers) parts.push_back("header " + name + " is " + pattern);
  for (const auto& [pointer, value] : when.body) parts.push_back(pointer + " is " + value_words(value));
  return parts.empty() ? "always" : "when " + base::join(parts, " and ");
}

std::string rule_words(const simulator::Rule& rule) {
  auto words = rule.fault.name.empty() ? rule.fault.none() ? std::string("answers well") : std::string("answers by a plan of its own") : "fails with " + rule.fault.name;
  if (!rule.fault.params.empty()) words += " (" + params_words(rule.fault.params) + ")";
  words += ", " + when_words(rule.when);
  if (rule.times >= 0) words += fmt::format(", {}", rule.times == 1 ? "once" : fmt::format("{} times", rule.times));
  if (rule.after > 0) words += fmt::format(", after {} that it lets pass", rule.after);
  if (rule.every > 1) words += fmt::format(", every {}th", rule.every);
  if (rule.ramp) words += fmt::format(", {:g}% of the time at first and {:g}% after {}", rule.probability * 100, rule.ramp->to * 100, base::human_duration(rule.ramp->over));
  else if (rule.probability < 1) words += fmt::format(", {:g}% of the time", rule.probability * 100);
  if (!rule.go_to.empty()) words += ", then goes to state " + rule.go_to;
  return words;
}

std::string send_words(const SendStep& send) {
  auto words = send.raw ? std::string("a client sends bytes as they are") : fmt::format("a client asks \"{}\"", base::printable(send.text, 60));
  if (send.count > 1) words = fmt::format("{} requests \"{}\"", send.count, base::printable(send.text, 60));
  if (send.count > 1 && send.concurrency > 1) words += fmt::format(", {} at a time", send.concurrency);
  if (send.rate > 0) words += fmt::format(", {:g} a second", send.rate);
  words += fmt::format(" ({}{}{})", kApiNames[static_cast<std::size_t>(send.api)], send.stream ? ", stream" : "", send.session.empty() ? "" : ", session " + send.session);
  if (send.hang_up_after) words += ", and leaves after " + base::human_duration(*send.hang_up_after);
  if (send.hang_up_events) words += fmt::format(", and leaves after {} events", *send.hang_up_events);
  if (send.slow_reader) words += ", reading slowly";
  if (send.connect_ahead > base::Duration{0}) words += fmt::format(", connected {} before", base::human_duration(send.connect_ahead));
  if (send.background) words += ", in the background";
  if (!send.as.starts_with("send-")) words += ": " + send.as;
  if (send.expect) words += "  → " + params_words(*send.expect);
  return words;
}

struct Words {
  std::string operator()(const SendStep& s) const { return send_words(s); }
  std::string operator()(const CliStep& s) const {
    return "gateway " + base::join(s.args, " ") + (s.background ? ", in the background" : "") + (s.expect ? "  → " + params_words(*s.expect) : "");
  }
  std::string operator()(const SignalStep& s) const { return "signal " + s.signal + " to the gateway" + (s.to == "main" ? "" : " (" + s.to + ")"); }
  std::string operator()(const ScriptStep& s) const {
    std::vector<std::string> parts;
    for (const auto& change : s.changes) {
      std::vector<std::string> rules;
      for (const auto& rule : change.rules) rules.push_back(rule_words(rule));
      parts.push_back(change.op == "clear" ? change.provider + " is healthy again" : fmt::format("{} {} {}", change.provider, change.op == "add" ? "also" : "from now on", base::join(rules, "; else ")));
    }
    return base::join(parts, "; ");
  }
  std::string operator()(const AccountStep& s) const { return fmt::format("the account of {} at {}: {}", s.credential, s.provider, params_words(s.change)); }
  std::string operator()(const ManagerStep& s) const {
    if (s.systemctl) return "systemctl --user " + base::join(*s.systemctl, " ") + (s.expect ? "  → " + params_words(*s.expect) : "");
    const auto* row = find_row(manager_faults(), s.fault);
    return "the manager: " + std::string(row ? row->doc : std::string_view(s.fault)) + (s.params.empty() ? "" : " (" + params_words(s.params) + ")");
  }
  std::string operator()(const DiskStep& s) const {
    const auto* row = find_row(disk_states(), s.state);
    return "the state folder: " + std::string(row ? row->doc : std::string_view(s.state));
  }
  std::string operator()(const WaitStep& s) const {
    if (s.time) return "wait " + base::human_duration(*s.time);
    const auto* row = find_row(wait_conditions(), s.until);
    return fmt::format("wait until {}{} (at most {})", row ? row->doc : std::string_view(s.until), s.params.empty() ? "" : ": " + params_words(s.params), base::human_duration(s.deadline));
  }
  std::string operator()(const EditConfigStep& s) const {
    if (s.raw) return fmt::format("the configuration file is overwritten{}", s.reload ? " and read again" : "");
    std::vector<std::string> parts;
    for (const auto& [path, value] : s.set) parts.push_back(path + " = " + value_words(value));
    return "the configuration changes: " + base::join(parts, ", ") + (s.reload ? "; it is read again" : "");
  }
  std::string operator()(const std::shared_ptr<ParallelStep>& s) const { return fmt::format("{} things side by side:", s->branches.size()); }
  std::string operator()(const std::shared_ptr<RepeatStep>& s) const { return fmt::format("{} times:", s->times); }
};

void add_steps(std::string& out, const std::vector<Step>& steps, const std::string& indent) {
  int number = 0;
  for (const auto& step : steps) {
    out += fmt::format("{}{}. {}{}\n", indent, ++number, step_words(step), step.note.empty() ? "" : "  (" + step.note + ")");
    if (const auto* parallel = std::get_if<std::shared_ptr<ParallelStep>>(&step.what)) {
      for (std::size_t i = 0; i < (*parallel)->branches.size(); ++i) {
        out += fmt::format("{}   {}:\n", indent, std::string(1, static_cast<char>('a' + static_cast<int>(i % 26))));
        add_steps(out, (*parallel)->branches[i], indent + "      ");
      }
    } else if (const auto* repeat = std::get_if<std::shared_ptr<RepeatStep>>(&step.what)) {
      add_steps(out, (*repeat)->steps, indent + "   ");
    }
  }
}

void add_gateway(std::string& out, const GatewaySetup& gateway) {
  for (const auto& [route, targets] : gateway.routes.items()) out += fmt::format("  gateway   route {}: {}\n", route, value_words(targets));
  if (!gateway.config.empty()) out += fmt::format("            configured: {}\n", value_words(gateway.config));
  for (const auto& [name, value] : gateway.unit) out += fmt::format("            unit: {}={}\n", name, value);
  if (gateway.socket) out += "            the manager keeps its listening socket\n";
  if (!gateway.managed) out += "            without a service manager\n";
  if (!gateway.installed) out += "            not installed\n";
  else if (!gateway.start) out += "            installed, not started\n";
  for (const auto& [path, text] : gateway.files) out += fmt::format("            the state folder already has {} ({} bytes)\n", path, text.size());
}

}  // namespace

std::string step_words(const Step& step) { return std::visit(Words{}, step.what); }

std::string check_words(const Expectation& expectation) { return expectation.check + (expectation.params.empty() ? "" : ": " + params_words(expectation.params)); }

std::string explain(const Scenario& scenario) {
  auto out = fmt::format("{}: {}\n\n{}\n", scenario.name, scenario.title, scenario.why);
  if (!scenario.origin.empty()) out += fmt::format("seen in {}\n", base::join(scenario.origin, ", "));
  out += "\nWho takes part\n";
  for (const auto& provider : scenario.providers) {
    std::vector<std::string> keys;
    for (const auto& each : provider.credentials) keys.push_back(each.credit ? fmt::format("{} (credit {:g})", each.label, *each.credit) : each.label);
    out += fmt::format("  provider  {}, like {}{}\n", provider.name, provider.personality, keys.empty() ? ", any key" : ", keys " + base::join(keys, ", "));
    for (const auto& rule : provider.script) out += fmt::format("            {}\n", rule_words(rule));
  }
  add_gateway(out, scenario.gateway);
  out += "\nWhat is done\n";
  add_steps(out, scenario.steps, "  ");
  out += "\nWhat must be true\n";
  for (const auto& each : scenario.expect) out += fmt::format("  - {}\n", check_words(each));
  for (const auto& row : check_rows()) {
    if (row.always) out += fmt::format("  - {} (always)\n", row.doc);
  }
  if (!scenario.catches.empty()) out += fmt::format("\nIt must fail on these broken gateways: {}\n", base::join(scenario.catches, ", "));
  std::vector<std::string> needs;
  for (const auto& need : needs_of(scenario)) needs.push_back(need.ability);
  if (!needs.empty()) out += fmt::format("A target must have: {}\n", base::join(needs, ", "));
  if (!scenario.virtual_world) out += fmt::format("Only with real processes: {}\n", scenario.virtual_reason);
  if (!scenario.unused_faults_reason.empty()) out += fmt::format("Rules need not fire: {}\n", scenario.unused_faults_reason);
  return out;
}

}  // namespace harness
