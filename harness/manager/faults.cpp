// Reading a fault's parameters.
#include "harness/manager/faults.h"

#include <fmt/format.h>

#include <vector>

#include "base/text.h"
#include "harness/manager/unit_file.h"

namespace harness::manager {
namespace {

std::optional<base::Duration> read_span(std::string_view text) {
  const bool back = text.starts_with('-');
  const auto span = base::parse_duration(back ? text.substr(1) : text);
  if (!span) return std::nullopt;
  return back ? -*span : *span;
}

std::string text_of(const base::Json& value) { return value.is_string() ? value.get<std::string>() : base::dump(value); }

std::string check_param(const FaultParam& param, const std::string& text) {
  switch (param.kind) {
    case FaultParamKind::duration:
      return read_span(text) ? "" : fmt::format("\"{}\" is a duration with a unit, like \"500ms\"; not {}", param.name, text);
    case FaultParamKind::integer:
      return base::parse_integer(text) ? "" : fmt::format("\"{}\" is a whole number; not {}", param.name, text);
    case FaultParamKind::signal:
      return signal_number(text) ? "" : fmt::format("\"{}\" is a signal, like \"TERM\"; not {}", param.name, text);
    case FaultParamKind::whom:
      return text == "main" || text == "child" || text == "all" ? "" : fmt::format("\"whom\" is main, child or all; not {}", text);
    case FaultParamKind::text: return "";
  }
  return "";
}

void apply(const FaultParam& param, const std::string& text, ArmedFault& armed) {
  if (param.kind == FaultParamKind::duration) armed.fault.by = read_span(text).value_or(base::Duration{0});
  if (param.kind == FaultParamKind::signal) armed.signal = signal_number(text).value_or(0);
  if (param.kind == FaultParamKind::whom) armed.whom = text;
  if (param.kind == FaultParamKind::text) armed.fault.text = text;
  if (param.kind == FaultParamKind::integer) {
    const auto number = static_cast<int>(base::parse_integer(text).value_or(0));
    (param.name == "times" ? armed.fault.times : armed.fault.code) = number;
  }
}

}  // namespace

const FaultRow* find_fault(std::string_view name) {
  for (const FaultRow& row : kFaults) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

std::string check_fault(std::string_view name, const base::Json& params) {
  const FaultRow* row = find_fault(name);
  if (row == nullptr) {
    std::vector<std::string_view> names;
    for (const FaultRow& known : kFaults) names.push_back(known.name);
    const auto near = base::nearest_word(name, names);
    return fmt::format("the manager has no fault \"{}\"{}", name, near ? fmt::format("; did you mean \"{}\"?", *near) : "");
  }
  for (const FaultParam& param : row->params) {
    if (param.name.empty()) continue;
    const base::Json* given = base::find(params, param.name);
    if (given == nullptr) {
      if (param.otherwise.empty()) return fmt::format("\"{}\" needs \"{}\": {}", name, param.name, param.doc);
      continue;
    }
    if (const auto wrong = check_param(param, text_of(*given)); !wrong.empty()) return wrong;
  }
  for (const auto& [key, value] : params.items()) {
    bool known = key == "unit";
    std::vector<std::string_view> names{"unit"};
    if (row->actor == FaultActor::machine) {  // how often: for each of them, also where one time is all there is
      names.push_back(kFaultTimes.name);
      if (key == kFaultTimes.name) {
        if (const auto wrong = check_param(kFaultTimes, text_of(value)); !wrong.empty()) return wrong;
        known = true;
      }
    }
    for (const FaultParam& param : row->params) {
      if (param.name.empty()) continue;
      names.push_back(param.name);
      known = known || param.name == key;
    }
    if (known) continue;
    const auto near = base::nearest_word(key, names);
    return fmt::format("\"{}\" takes no \"{}\"{}", name, key, near ? fmt::format("; did you mean \"{}\"?", *near) : "");
  }
  return "";
}

std::optional<ArmedFault> read_fault(std::string_view name, const base::Json& params) {
  if (!check_fault(name, params).empty()) return std::nullopt;
  ArmedFault armed;
  armed.row = find_fault(name);
  armed.fault.kind = armed.row->kind;
  armed.fault.unit = base::string_or(params, "unit");
  if (const base::Json* times = base::find(params, kFaultTimes.name)) apply(kFaultTimes, text_of(*times), armed);
  for (const FaultParam& param : armed.row->params) {
    if (param.name.empty()) continue;
    const base::Json* given = base::find(params, param.name);
    apply(param, given != nullptr ? text_of(*given) : std::string(param.otherwise), armed);
  }
  return armed;
}

std::string faults_markdown() {
  std::string text = "| fault | what happens | parameters |\n|---|---|---|\n";
  for (const FaultRow& row : kFaults) {
    std::string params;
    for (const FaultParam& param : row.params) {
      if (param.name.empty()) continue;
      if (!params.empty()) params += "; ";
      params += fmt::format("`{}`{}: {}", param.name, param.otherwise.empty() ? "" : fmt::format(" ({})", param.otherwise), param.doc);
    }
    text += fmt::format("| `{}` | {} | {} |\n", row.name, row.doc, params);
  }
  return text;
}

}  // namespace harness::manager
