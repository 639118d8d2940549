// From a fault to a wire plan: the steps of plan_steps.h run over a healthy reply.
#include <fmt/format.h>

#include "base/random.h"
#include "base/text.h"
#include "simulator/core/edits.h"
#include "simulator/core/faults.h"
#include "simulator/core/plan_steps.h"

namespace simulator {
namespace {

using base::Duration;
using base::Json;
using Kind = Step::Kind;

Duration duration_of(const Json& value) {
  const auto text = value.is_string() ? value.get<std::string>() : std::string();
  if (text == "forever") return base::kForever;
  return base::parse_duration(text).value_or(Duration{0});
}

class Compiler {
 public:
  Compiler(const HealthyReply& healthy, const CompileContext& context)
      : context_(context), random_(context.dice), reply_(healthy), gap_(healthy.gap), first_token_(healthy.first_token) {
    adopt(healthy);
  }

  WirePlan run(const Json& steps) {
    for (const auto& step : steps) {
      if (ended_) break;
      one(step, step.begin().key(), step.begin().value());
    }
    if (!ended_) end();
    return std::move(plan_);
  }

 private:
  void adopt(const HealthyReply& reply) {
    reply_ = reply;
    plan_.status = reply.status;
    plan_.headers = reply.headers;
    plan_.framing = reply.stream ? Framing::chunked : Framing::length;
    next_ = offset_ = 0;
  }

  void push(Step step) { plan_.steps.push_back(std::move(step)); }
  void head() {
    if (!std::exchange(head_sent_, true)) push({.kind = Kind::head});
  }
  void body(Kind kind, std::string data) {
    head();
    body_begun_ = true;
    push({.kind = kind, .data = std::move(data)});
  }
  void pause() {
    const auto time = next_ == 0 && offset_ == 0 ? first_token_ : gap_;
    if (time <= Duration{0}) return;
    if (reply_.stream) head();
    push({.kind = Kind::wait, .time = time});
  }
  void parts(std::int64_t count) {
    head();
    for (; count > 0 && next_ < reply_.parts.size(); --count, ++next_, offset_ = 0) {
      pause();
      body(reply_.stream ? Kind::event : Kind::bytes, reply_.parts[next_].substr(offset_));
    }
  }
  void bytes(std::int64_t count) {
    head();
    while (count > 0 && next_ < reply_.parts.size()) {
      if (offset_ == 0) pause();
      const auto piece = reply_.parts[next_].substr(offset_, static_cast<std::size_t>(count));
      body(Kind::bytes, piece);
      count -= static_cast<std::int64_t>(piece.size());
      offset_ += piece.size();
      if (offset_ >= reply_.parts[next_].size()) ++next_, offset_ = 0;
    }
  }
  void drip(std::int64_t size, Duration every) {
    while (next_ < reply_.parts.size()) {
      bytes(std::max<std::int64_t>(1, size));
      if (next_ < reply_.parts.size()) push({.kind = Kind::wait, .time = every});
    }
  }
  void whole_body(std::string text) {
    reply_.parts.assign(1, std::move(text));
    reply_.stream = false;
    reply_.terminal_parts = 0;
    next_ = offset_ = 0;
    plan_.framing = Framing::length;
    if (plan_.headers.get("content-type").starts_with("text/event-stream")) plan_.headers.set("content-type", "application/json");
  }
  /// Nothing comes any more: a Content-Length is that of the whole body, or what has been sent would pass for it.
  void cut() {
    ended_ = true;
    if (!head_sent_ || plan_.framing != Framing::length || plan_.length_claimed || next_ >= reply_.parts.size()) return;
    std::size_t total = 0;
    for (const auto& step : plan_.steps) {
      if (step.kind == Kind::bytes || step.kind == Kind::event) total += step.data.size();
    }
    for (auto i = next_; i < reply_.parts.size(); ++i) total += reply_.parts[i].size();
    plan_.length_claimed = static_cast<std::int64_t>(total - offset_);
  }
  void end() {
    if (!body_begun_) parts(std::numeric_limits<std::int64_t>::max());
    head();
    push({.kind = Kind::finish});
    ended_ = true;
  }

  std::string garbage(std::int64_t size) {
    std::string data(static_cast<std::size_t>(std::clamp<std::int64_t>(size, 0, kPlanBytesMax)), '\0');
    for (auto& c : data) c = static_cast<char>(0x80 + random_.below(0x7F));
    return data;
  }

  void error(const Json& step, const std::string& family) {
    ErrorWords words{.kind = family, .message = base::string_or(step, "message")};
    if (step.contains("retry_after")) words.retry_after = duration_of(step["retry_after"]);
    adopt(error_reply(*context_.spec, *context_.request, words, context_.reply));
  }
  void error_event(const Json& step, const std::string& family) {
    const ErrorWords words{.kind = family, .message = base::string_or(step, "message")};
    const auto reply = error_reply(*context_.spec, *context_.request, words, context_.reply);
    const std::string text = reply.parts.empty() ? "{}" : reply.parts[0];
    const bool named = context_.spec->dialect == DialectKind::anthropic_messages || context_.spec->dialect == DialectKind::openai_responses;
    body(Kind::event, (named ? "event: error\ndata: " : "data: ") + base::replace_all(text, "\n", " ") + "\n\n");
  }
  void script(const Json& value) {
    ReplyScript script = context_.spec->reply;
    auto request = *context_.request;
    if (value.contains("text")) script.text = base::string_or(value, "text");
    if (value.contains("finish_reason")) script.finish_reason = base::string_or(value, "finish_reason");
    if (value.contains("stream")) {
      request.stream = base::bool_or(value, "stream", false);
      // Gemini asks for a stream by its path.
      request.path = request.stream ? base::replace_all(request.path, ":generateContent", ":streamGenerateContent")
                                    : base::replace_all(request.path, ":streamGenerateContent", ":generateContent");
      // What the reply repeats of its request says so, too.
      if (request.plain) request.plain->stream = request.stream;
      else if (auto* json = request.tree.of(request.body); json && json->is_object()) (*json)["stream"] = request.stream;
    }
    if (const auto* calls = base::find(value, "tool_calls"); calls && calls->is_array()) {
      script.tool_calls.clear();
      for (const auto& call : *calls) script.tool_calls.push_back({base::string_or(call, "name"), base::string_or(call, "arguments"), base::string_or(call, "id")});
    }
    adopt(make_healthy_reply(*context_.spec, request, script, context_.reply));
  }
  void headers(const Json& value) {
    for (const auto& [name, text] : value.items()) {
      if (text.is_null()) plan_.headers.remove(name);
      else if (text == "@http-date") date_header_ = name;
      else plan_.headers.set(name, text.is_string() ? text.get<std::string>() : base::dump(text));
    }
  }

  void one(const Json& step, const std::string& name, const Json& value) {
    const auto number = [&] { return value == "all" ? std::numeric_limits<std::int64_t>::max() : base::integer_or(step, name, 0); };
    const auto text = [&] { return value.is_string() ? value.get<std::string>() : base::dump(value); };
    if (name == "status") plan_.status = static_cast<int>(number());
    else if (name == "reason") plan_.reason = text();
    else if (name == "headers") headers(value);
    else if (name == "header_bytes") plan_.headers.set("x-padding", std::string(static_cast<std::size_t>(number()), 'x'));
    else if (name == "body") whole_body(text());
    else if (name == "body_bytes") whole_body(std::string(static_cast<std::size_t>(number()), 'x'));
    else if (name == "error") error(step, text());
    else if (name == "error_event") error_event(step, text());
    else if (name == "script") script(value);
    else if (name == "edit") edit_reply(text(), reply_), plan_.headers = merged(reply_.headers);
    else if (name == "framing") plan_.framing = value == "length" ? Framing::length : value == "chunked" ? Framing::chunked : Framing::until_close;
    else if (name == "length") claim(number());
    else if (name == "date_in") plan_.headers.set(date_header_, base::format_http_date(context_.reply.wall + duration_of(value)));
    else if (name == "head") head();
    else if (name == "events") parts(number());
    else if (name == "bytes") bytes(number());
    else if (name == "rest") parts(std::numeric_limits<std::int64_t>::max());
    else if (name == "event") body(Kind::event, text());
    else if (name == "raw") body_begun_ = head_sent_ = true, push({.kind = Kind::raw, .data = text()});
    else if (name == "garbage") garbage_step(number());
    else if (name == "drip") drip(number(), step.contains("every") ? duration_of(step["every"]) : Duration{5'000'000});
    else if (name == "gap") gap_ = first_token_ = duration_of(value);
    else if (name == "wait") wait(step, duration_of(value));
    else if (name == "comment") comment(step, text());
    else finish(name, value);
  }
  void finish(const std::string& name, const Json& value) {
    if (name == "close_on_reuse") ended_ = true;
    else cut();
    if (name == "fin") push({.kind = Kind::fin});
    else if (name == "rst") push({.kind = Kind::rst});
    else if (name == "hold") push({.kind = Kind::wait, .time = value.is_string() ? duration_of(value) : base::kForever});
    else if (name == "close_on_reuse") push({.kind = Kind::finish}), push({.kind = Kind::close_on_reuse});
  }
  base::Headers merged(const base::Headers& more) {
    auto all = plan_.headers;
    for (const auto& [header, value] : more.list) {
      if (!all.has(header)) all.add(header, value);
    }
    return all;
  }
  void claim(std::int64_t extra) {
    std::int64_t total = extra;
    for (const auto& part : reply_.parts) total += static_cast<std::int64_t>(part.size());
    plan_.length_claimed = std::max<std::int64_t>(0, total);
  }
  void garbage_step(std::int64_t size) {
    if (head_sent_) return body(Kind::bytes, garbage(size));
    body_begun_ = head_sent_ = true;
    push({.kind = Kind::raw, .data = garbage(size)});
  }
  void wait(const Json& step, Duration time) {
    if (step.contains("to")) time = random_.between(std::min(time, duration_of(step["to"])), std::max(time, duration_of(step["to"])));
    push({.kind = Kind::wait, .time = time});
    if (time == base::kForever) cut();
  }
  void comment(const Json& step, const std::string& text) {
    head();
    body_begun_ = true;
    const auto total = step.contains("for") ? duration_of(step["for"]) : base::kForever;
    const auto every = step.contains("every") ? duration_of(step["every"]) : Duration{1'000'000'000};
    push({.kind = Kind::repeat, .data = text, .time = total, .every = std::max(every, Duration{1'000'000})});
    if (total == base::kForever) cut();
    else parts(std::numeric_limits<std::int64_t>::max());
  }

  const CompileContext& context_;
  base::Random random_;
  HealthyReply reply_;
  WirePlan plan_;
  std::string date_header_ = "retry-after";
  std::size_t next_ = 0;    // part of the reply that comes next
  std::size_t offset_ = 0;  // bytes of it already sent
  Duration gap_, first_token_;
  bool head_sent_ = false;
  bool body_begun_ = false;
  bool ended_ = false;
};

/// Puts parameters, or their defaults, where the row says "$name".
Json with_params(std::string_view plan, std::string_view names, const Json& params) {
  Json defaults = Json::object();
  for (const auto& pair : base::split(names, ' ')) {
    const auto at = pair.find('=');
    if (at != std::string::npos) defaults[pair.substr(0, at)] = pair.substr(at + 1);
  }
  const auto value_of = [&](const std::string& name) -> Json {
    if (const auto* given = base::find(params, name)) return *given;
    const auto text = base::string_or(defaults, name);
    if (const auto number = base::parse_integer(text)) return *number;
    return text;
  };
  const std::function<void(Json&)> fill = [&](Json& node) {
    if (node.is_string()) {
      const auto text = node.get<std::string>();
      if (text.size() > 1 && text[0] == '$') node = value_of(text.substr(1));
    } else if (node.is_structured()) {
      for (auto& child : node) fill(child);
    }
  };
  auto steps = base::parse_wire_json(plan).value_or(Json::array());
  fill(steps);
  return steps;
}

/// One part for each SSE event; what follows the last blank line is a part of its own.
std::vector<std::string> frames_of(std::string_view body) {
  std::vector<std::string> parts;
  while (!body.empty()) {
    const auto lf = body.find("\n\n");
    const auto crlf = body.find("\r\n\r\n");
    const auto size = crlf < lf ? crlf + 4 : lf == std::string_view::npos ? body.size() : lf + 2;
    parts.emplace_back(body.substr(0, size));
    body.remove_prefix(size);
  }
  return parts;
}

WirePlan compile_catalogue(const CatalogueEntry& entry) {
  WirePlan plan;
  const auto ending = find_fault(entry.id)->ending;
  if (entry.status != 0) {
    HealthyReply reply{.status = entry.status, .headers = entry.headers};
    for (const auto* name : {"content-length", "transfer-encoding", "connection"}) reply.headers.remove(name);
    reply.stream = reply.headers.get("content-type").starts_with("text/event-stream");
    if (reply.stream) reply.parts = frames_of(entry.body);
    else if (!entry.body.empty()) reply.parts.push_back(entry.body);
    if (entry.split.starts_with("1 byte")) edit_reply("one-byte", reply);
    else if (!entry.split.empty()) edit_reply("utf8-split", reply);
    if (entry.encoding.starts_with("gzip")) edit_reply("gzip", reply);
    plan = healthy_plan(reply);
    if (entry.when == "truncated chunked") plan.framing = Framing::chunked;
    if (ending != Ending::complete) plan.steps.pop_back();
  }
  switch (ending) {
    case Ending::fin: plan.steps.push_back({.kind = Kind::fin}); break;
    case Ending::rst: plan.steps.push_back({.kind = Kind::rst}); break;
    case Ending::silence: plan.steps.push_back({.kind = Kind::wait, .time = base::kForever}); break;
    default: break;
  }
  return plan;
}

}  // namespace

WirePlan compile_fault(const FaultUse& fault, const HealthyReply& healthy, const CompileContext& context) {
  if (!fault.plan.is_null()) return Compiler(healthy, context).run(fault.plan);
  if (fault.name.empty()) return healthy_plan(healthy);
  for (const auto& row : fault_rows()) {
    if (row.name == fault.name) return Compiler(healthy, context).run(with_params(row.plan, row.params, fault.params));
  }
  const auto families = error_families();
  if (std::find(families.begin(), families.end(), fault.name) != families.end()) {
    ErrorWords words{.kind = fault.name};
    if (const auto* wait = base::find(fault.params, "retry_after")) words.retry_after = duration_of(*wait);
    return healthy_plan(error_reply(*context.spec, *context.request, words, context.reply));
  }
  for (const auto& entry : catalogue()) {
    if (entry.id != fault.name) continue;
    return compile_catalogue(entry);
  }
  return healthy_plan(healthy);
}

}  // namespace simulator
