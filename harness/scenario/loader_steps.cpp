// The steps of a scenario: each has one verb, and siblings that say how to name it, what to expect and why it is there.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "harness/scenario/loader.h"
#include "harness/scenario/step_table.h"
#include "harness/scenario/vocabulary.h"

namespace harness {
namespace {

using base::Json;
using base::JsonNode;
using base::JsonReader;
using Kind = JsonNode::Kind;

base::Duration duration_of(const Json& params, const char* key, base::Duration otherwise) {
  if (!params.contains(key)) return otherwise;
  return base::parse_duration(base::string_or(params, key)).value_or(otherwise);
}
std::vector<std::string> texts_of(const Json& params, const char* key) {
  std::vector<std::string> list;
  if (!params.contains(key)) return list;
  if (params[key].is_string()) return {params[key].get<std::string>()};
  for (const auto& each : params[key]) list.push_back(each.get<std::string>());
  return list;
}
std::vector<std::pair<std::string, std::string>> pairs_of(const Json& params, const char* key) {
  std::vector<std::pair<std::string, std::string>> list;
  if (!params.contains(key)) return list;
  for (const auto& [name, value] : params[key].items()) list.emplace_back(name, value.is_string() ? value.get<std::string>() : base::dump(value));
  return list;
}

std::int64_t at_least(JsonReader& in, const Json& params, const char* key, std::int64_t min, std::int64_t max, std::int64_t otherwise) {
  if (!params.contains(key)) return otherwise;
  const auto value = base::integer_or(params, key, otherwise);
  if (value < min || value > max) in.problem(key, fmt::format("out of range: {} to {}", min, max));
  return std::clamp(value, min, max);
}

/// The name of a step for checks: what "as" says, or a number.
std::string name_step(JsonReader& step, LoadContext& context, std::vector<std::string>& names, std::string_view kind, int& counter) {
  ++counter;
  auto name = step.string("as", {.max = 100, .otherwise = ""});
  if (name.find_first_of("*?") != std::string::npos) step.problem("as", "a name holds no * or ?");
  const auto dot = name.rfind('.');
  if (dot != std::string::npos && dot + 1 < name.size() && name.find_first_not_of("0123456789", dot + 1) == std::string::npos) {
    step.problem("as", "a name does not end in a dot and a number", "\"name.2\" means the second request of \"name\"");
  }
  if (name.empty()) name = fmt::format("{}-{}", kind, counter);
  if (std::find(context.replies.begin(), context.replies.end(), name) != context.replies.end() ||
      std::find(context.commands.begin(), context.commands.end(), name) != context.commands.end()) {
    step.problem("as", fmt::format("another step is called \"{}\"", name), "names are for checks, so each is used once");
  }
  names.push_back(name);
  return name;
}

std::optional<Json> read_step_expect(JsonReader& step, const StepRow& row, std::string_view check, const char* member, const std::string& name, LoadContext& context) {
  auto expect = step.object("expect");
  if (!expect) return std::nullopt;
  auto params = read_params(*expect, row.expect, context.references);
  expect->done();
  Json full{{member, name}};
  for (const auto& [key, value] : params.items()) full[key] = value;
  context.step_expect.push_back({.check = std::string(check), .params = std::move(full), .line = expect->node().line});
  return params;
}

SendStep read_send(JsonReader& step, const StepRow& row, JsonReader* object, const Json& params, LoadContext& context) {
  SendStep send;
  auto& in = object ? *object : step;
  if (const auto api = base::string_or(params, "api"); !api.empty()) {
    const auto found = std::find(kApiNames.begin(), kApiNames.end(), api);
    if (found != kApiNames.end()) send.api = static_cast<Api>(found - kApiNames.begin());
  }
  send.text = base::string_or(params, "text", "ping");
  send.model = base::string_or(params, "model");
  send.stream = base::bool_or(params, "stream", false);
  send.session = base::string_or(params, "session");
  if (params.contains("body")) send.body = params["body"];
  if (params.contains("raw")) send.raw = base::string_or(params, "raw");
  send.method = base::string_or(params, "method");
  send.path = base::string_or(params, "path");
  send.headers = pairs_of(params, "headers");
  send.key = base::string_or(params, "key");
  send.count = at_least(in, params, "count", 1, kRequestsMax, 1);
  send.concurrency = at_least(in, params, "concurrency", 1, 10'000, 1);
  if (params.contains("rate")) send.rate = base::number_of(params["rate"]).value_or(0);
  if (send.rate < 0) in.problem("rate", "a rate is not negative");
  send.think = duration_of(params, "think", send.think);
  if (params.contains("hang_up_after")) send.hang_up_after = duration_of(params, "hang_up_after", base::Duration{0});
  if (params.contains("hang_up_events")) send.hang_up_events = at_least(in, params, "hang_up_events", 0, kRequestsMax, 0);
  send.slow_reader = base::bool_or(params, "slow_reader", false);
  send.connect_ahead = duration_of(params, "connect_ahead", send.connect_ahead);
  send.background = base::bool_or(params, "background", false);
  send.timeout = duration_of(params, "timeout", send.timeout);
  if (send.api == Api::chat && send.session.empty() && send.path.empty()) in.problem("", "the chat front needs a \"session\"");
  if (send.api == Api::raw && !send.raw) in.problem("", "api \"raw\" needs \"raw\": the bytes to send");
  if (send.raw && send.body) in.problem("body", "\"raw\" is the whole request, so there is no \"body\"");
  if (send.api == Api::admin && send.path.empty()) in.problem("", "api \"admin\" needs a \"path\"");
  context.requests += send.count;
  send.as = name_step(step, context, context.replies, "send", context.sends);
  send.expect = read_step_expect(step, row, "reply", "reply", send.as, context);
  return send;
}

CliStep read_cli(JsonReader& step, const StepRow& row, const Json& params, LoadContext& context) {
  CliStep cli;
  cli.args = texts_of(params, "args");
  if (params.contains("input")) cli.input = base::string_or(params, "input");
  cli.env = pairs_of(params, "env");
  cli.background = base::bool_or(params, "background", false);
  cli.timeout = duration_of(params, "timeout", cli.timeout);
  cli.as = name_step(step, context, context.commands, "cli", context.calls);
  cli.expect = read_step_expect(step, row, "cli.output", "cli", cli.as, context);
  return cli;
}

ScriptStep::Change read_change(JsonReader& in, const StepRow& row, LoadContext& context) {
  ScriptStep::Change change;
  const auto params = read_params(in, row.params, context.references);
  change.provider = base::string_or(params, "provider");
  int ops = 0;
  for (const auto* op : {"replace", "add"}) {
    if (!in.has(op)) continue;
    ++ops;
    change.op = op;
    change.rules = simulator::read_rules(in, op);
    if (params.contains(op)) change.raw = params[op];
  }
  if (base::bool_or(params, "clear", false)) ++ops, change.op = "clear";
  if (ops != 1) in.problem("", "a change is one of: \"replace\", \"add\" or \"clear\": true");
  in.done();
  return change;
}

ScriptStep read_script(JsonReader& step, const JsonNode& value, const StepRow& row, LoadContext& context) {
  ScriptStep script;
  const auto pointer = step.pointer() + "/script";
  if (value.kind == Kind::array) {
    for (std::size_t i = 0; i < value.items.size(); ++i) {
      auto in = step.reader_of(value.items[i], pointer + "/" + std::to_string(i));
      script.changes.push_back(read_change(in, row, context));
    }
    if (value.items.empty()) step.problem("script", "there is no change in this list");
  } else {
    auto in = step.reader_of(value, pointer);
    script.changes.push_back(read_change(in, row, context));
  }
  return script;
}

AccountStep read_account(JsonReader& in, const Json& params) {
  AccountStep account{.provider = base::string_or(params, "provider"), .credential = base::string_or(params, "credential"), .change = params};
  account.change.erase("provider");
  account.change.erase("credential");
  if (account.change.contains("models_blocked")) account.change["models_blocked"] = texts_of(params, "models_blocked");
  if (account.change.empty()) in.problem("", "this changes nothing", "one of: top_up, credit, revoked, region_blocked, models_blocked");
  return account;
}

/// A word of a table that brings its own members.
Json read_worded(JsonReader& in, std::string_view key, std::string_view noun, std::span<const WordWithParams> table, const std::string& word, LoadContext& context) {
  const auto* row = find_row(table, word);
  if (row) return read_params(in, row->params, context.references);
  const auto names = names_of(table);
  in.unknown_word(key, noun, word, names);
  for (const auto& member : in.node().members) in.ignore(member.key);
  return Json::object();
}

ManagerStep read_manager(JsonReader& step, JsonReader* object, const Json& params, const StepRow& row, LoadContext& context) {
  ManagerStep manager;
  manager.fault = base::string_or(params, "fault");
  if (params.contains("systemctl")) manager.systemctl = texts_of(params, "systemctl");
  auto& in = object ? *object : step;
  if (manager.fault.empty() == !manager.systemctl) in.problem(object ? "" : "manager", "one of \"fault\" and \"systemctl\" is wanted here");
  if (!manager.fault.empty() && object) {
    manager.params = read_worded(*object, "fault", "fault of the manager", manager_faults(), manager.fault, context);
  } else if (!manager.fault.empty()) {
    const auto* known = find_row(manager_faults(), manager.fault);
    if (!known) step.unknown_word("manager", "fault of the manager", manager.fault, names_of(manager_faults()));
    for (const auto& param : known ? known->params : std::span<const ParamRow>()) {
      if (param.required) step.problem("manager", fmt::format("\"{}\" needs \"{}\"", manager.fault, param.name), fmt::format("{{\"fault\": \"{}\", \"{}\": …}}: {}", manager.fault, param.name, param.doc));
    }
  }
  if (manager.systemctl) {
    manager.as = name_step(step, context, context.commands, "systemctl", context.calls);
    manager.expect = read_step_expect(step, row, "cli.output", "cli", manager.as, context);
  } else if (step.has("expect")) {
    step.ignore("expect");
    step.problem("expect", "only a systemctl call has output to expect");
  }
  return manager;
}

WaitStep read_wait(JsonReader& step, JsonReader* object, const Json& params, LoadContext& context) {
  WaitStep wait;
  auto& in = object ? *object : step;
  if (params.contains("time")) wait.time = duration_of(params, "time", base::Duration{0});
  wait.until = base::string_or(params, "until");
  wait.deadline = duration_of(params, "deadline", wait.deadline);
  if (wait.time.has_value() == !wait.until.empty()) in.problem(object ? "" : "wait", "one of \"time\" and \"until\" is wanted here");
  if (!wait.until.empty() && object) wait.params = read_worded(*object, "until", "condition", wait_conditions(), wait.until, context);
  return wait;
}

EditConfigStep read_edit(JsonReader& in, const Json& params) {
  EditConfigStep edit;
  if (params.contains("set")) {
    for (const auto& [path, value] : params["set"].items()) edit.set[path] = value;
  }
  if (params.contains("raw")) edit.raw = base::string_or(params, "raw");
  edit.reload = base::bool_or(params, "reload", true);
  if (edit.set.empty() == !edit.raw) in.problem("", "one of \"set\" and \"raw\" is wanted here");
  return edit;
}

std::shared_ptr<ParallelStep> read_parallel(JsonReader& step, const JsonNode& value, LoadContext& context) {
  auto parallel = std::make_shared<ParallelStep>();
  auto pointer = step.pointer() + "/parallel";
  const auto* list = &value;
  if (value.kind == Kind::object) {
    auto in = step.reader_of(value, pointer);
    list = in.raw("branches", true);
    in.done();
    pointer += "/branches";
  }
  if (!list) return parallel;
  if (list->kind != Kind::array || list->items.empty()) {
    step.problem_at(*list, pointer, "a list of lists of steps is wanted here");
    return parallel;
  }
  for (std::size_t i = 0; i < list->items.size(); ++i) parallel->branches.push_back(read_step_list(step, list->items[i], pointer + "/" + std::to_string(i), context));
  return parallel;
}

std::shared_ptr<RepeatStep> read_repeat(JsonReader& in, LoadContext& context) {
  auto repeat = std::make_shared<RepeatStep>();
  repeat->times = in.integer("times", {.min = 1, .max = 100'000});
  const auto before = context.requests;
  if (const auto* steps = in.raw("steps", true)) repeat->steps = read_step_list(in, *steps, in.pointer() + "/steps", context);
  context.requests = before + (context.requests - before) * repeat->times;
  in.done();
  return repeat;
}

/// The verb's members as one object: the long form read by its table, the short one put under its name.
Json read_members(JsonReader& step, std::optional<JsonReader>& object, const JsonNode& value, const StepRow& row, LoadContext& context) {
  const auto pointer = step.pointer() + "/" + std::string(row.verb);
  if (value.kind == Kind::object) {
    object.emplace(step.reader_of(value, pointer));
    return read_params(*object, row.params, context.references);
  }
  const ParamRow* first = &row.params.front();
  if (row.verb == "send") first = &row.params[1];
  const bool text = value.kind == Kind::string && (row.short_form == ShortForm::text || row.short_form == ShortForm::texts);
  const bool list = value.kind == Kind::array && row.short_form == ShortForm::texts;
  if (!text && !list) {
    step.problem(row.verb, row.short_form == ShortForm::none ? "an object is wanted here" : fmt::format("an object is wanted here, or {}", row.short_doc));
    return Json::object();
  }
  Json params = Json::object();
  if (check_value(step, value, pointer, *first, "", context.references)) params[std::string(first->name)] = value.to_json();
  return params;
}

Step read_step(JsonReader& step, LoadContext& context) {
  Step out{.line = step.node().line};
  out.note = step.string("note", {.max = 500, .otherwise = ""});
  std::vector<const StepRow*> verbs;
  for (const auto& row : step_rows()) {
    if (step.raw(row.verb)) verbs.push_back(&row);
  }
  if (verbs.size() != 1) {
    std::vector<std::string> names;
    for (const auto& row : step_rows()) names.emplace_back(row.verb);
    step.ignore("as"), step.ignore("expect");
    if (verbs.empty()) {
      step.problem("", "this step has no verb", "one of: " + base::join(names, ", "));
      step.done();
    } else {
      step.problem("", fmt::format("a step has one verb, not \"{}\" and \"{}\"", verbs[0]->verb, verbs[1]->verb));
    }
    return out;
  }
  const auto& row = *verbs.front();
  const auto& value = *step.raw(row.verb);
  if (row.verb == "script") out.what = read_script(step, value, row, context);
  else if (row.verb == "parallel") out.what = read_parallel(step, value, context);
  else {
    std::optional<JsonReader> object;
    const auto params = row.verb == "repeat" && value.kind == Kind::object ? (object.emplace(step.reader_of(value, step.pointer() + "/repeat")), Json::object())
                                                                           : read_members(step, object, value, row, context);
    auto& in = object ? *object : step;
    auto* inner = object ? &*object : nullptr;
    const bool usable = inner || !params.empty();
    if (!usable) step.ignore("as"), step.ignore("expect");
    else if (row.verb == "send") out.what = read_send(step, row, inner, params, context);
    else if (row.verb == "cli") out.what = read_cli(step, row, params, context);
    else if (row.verb == "signal") out.what = SignalStep{base::string_or(params, "signal"), base::string_or(params, "to", "main")};
    else if (row.verb == "account") out.what = read_account(in, params);
    else if (row.verb == "manager") out.what = read_manager(step, inner, params, row, context);
    else if (row.verb == "disk") out.what = DiskStep{base::string_or(params, "state")};
    else if (row.verb == "wait") out.what = read_wait(step, inner, params, context);
    else if (row.verb == "edit-config") out.what = read_edit(in, params);
    else if (row.verb == "repeat") out.what = read_repeat(*object, context);
    if (object && row.verb != "repeat") object->done();
  }
  step.done();
  return out;
}

}  // namespace

std::vector<Step> read_step_list(JsonReader& in, const JsonNode& list, const std::string& pointer, LoadContext& context) {
  std::vector<Step> steps;
  if (list.kind != Kind::array) {
    in.problem_at(list, pointer, "a list of steps is wanted here");
    return steps;
  }
  if (++context.depth > kStepDepthMax) {
    in.problem_at(list, pointer, fmt::format("steps are nested deeper than {}", kStepDepthMax));
  } else {
    for (std::size_t i = 0; i < list.items.size(); ++i) {
      const auto at = pointer + "/" + std::to_string(i);
      auto step = in.reader_of(list.items[i], at);
      if (list.items[i].kind == Kind::object) steps.push_back(read_step(step, context));
    }
  }
  --context.depth;
  return steps;
}

std::vector<Step> read_steps(JsonReader& in, std::string_view key, LoadContext& context, bool required) {
  const auto* list = in.raw(key, required);
  if (!list) return {};
  auto steps = read_step_list(in, *list, in.pointer() + "/" + std::string(key), context);
  if (context.requests > kRequestsMax) in.problem(key, fmt::format("more than {} requests", kRequestsMax));
  return steps;
}

}  // namespace harness
