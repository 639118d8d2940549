#include "harness/history/describe.h"

#include <fmt/format.h>

#include "base/redact.h"
#include "base/text.h"

namespace harness {
namespace {

using base::Json;

std::string text(const Json& data, std::string_view key) { return base::string_or(data, key); }
std::int64_t number(const Json& data, std::string_view key) { return base::integer_or(data, key, 0); }
std::string with(std::string_view before, const std::string& value) { return value.empty() ? std::string() : std::string(before) + value; }
std::string quoted(const std::string& value) { return value.empty() ? std::string() : " \"" + base::printable(value, 48) + "\""; }

/// What a refusal means to someone who does not know the numbers.
std::string status_words(std::int64_t status) {
  switch (status) {
    case 400: return " bad request";
    case 401: return " key refused";
    case 402: return " payment required";
    case 403: return " forbidden";
    case 404: return " not found";
    case 408: return " timeout";
    case 413: return " too large";
    case 429: return " too many requests";
    case 500: return " server error";
    case 502: return " bad gateway";
    case 503: return " unavailable";
    case 504: return " gateway timeout";
    case 529: return " overloaded";
    default: return {};
  }
}

std::string client_words(const Entry& entry) {
  const auto& data = entry.data;
  // Names that the loader made up ("send-3") tell a reader nothing that the number does not.
  const auto as = text(data, "as");
  const auto tag = fmt::format("#{}{}", number(data, "id"), as.starts_with("send-") ? std::string() : with(" ", as));
  if (entry.kind == "request") {
    return fmt::format("{} {} {}{}{}{}", tag, text(data, "method").empty() ? "POST" : text(data, "method"), text(data, "path"), quoted(text(data, "text")),
                       base::bool_or(data, "stream", false) ? " (stream)" : "", with(" session ", text(data, "session")));
  }
  if (entry.kind == "first-event") return tag + " first content";
  if (entry.kind != "reply") return tag + " " + entry.kind;
  const auto ended = text(data, "ended");
  auto words = number(data, "status") == 0 ? tag + " no reply" : fmt::format("{} {}", tag, number(data, "status"));
  words += quoted(text(data, "text").empty() ? text(data, "error") : text(data, "text"));
  if (const auto reason = text(data, "reason"); !reason.empty() && reason != "none") words += " reason " + reason;
  if (const auto hint = text(data, "hint"); !hint.empty()) words += " · hint" + quoted(hint);
  if (base::bool_or(data, "error_event", false)) words += " · error event";
  if (!ended.empty() && ended != "complete") words += " · ended: " + ended;
  return words;
}

std::string provider_words(const Entry& entry) {
  const auto& data = entry.data;
  const auto who = text(data, "provider") + with(" ", text(data, "credential"));
  if (entry.kind == "attempt") {
    auto words = fmt::format("{} ← attempt {}{}{}", who, number(data, "attempt"), with(" ", text(data, "model")), base::bool_or(data, "stream", false) ? " (stream)" : "");
    if (number(data, "too_early_ms") > 0) words += fmt::format(" · {} ms before its Retry-After", number(data, "too_early_ms"));
    return words;
  }
  if (entry.kind == "answer") {
    const auto fault = text(data, "fault");
    const auto status = number(data, "status");
    if (status == 0) return fmt::format("{} → {}", who, fault.empty() ? "nothing" : fault);
    const bool same = fault == std::to_string(status);
    return fmt::format("{} → {}{}", who, status, fault.empty() ? "" : same ? status_words(status) : " (" + fault + ")");
  }
  if (entry.kind == "end") {
    const auto ended = text(data, "ended");
    return fmt::format("{} attempt {} ended: {} after {} events, {} bytes", who, number(data, "attempt"), ended.empty() ? "complete" : ended, number(data, "events"), number(data, "bytes"));
  }
  if (entry.kind == "rule") return fmt::format("{} rule {} ({}) fired {} times", text(data, "provider"), number(data, "rule"), text(data, "fault"), number(data, "fired"));
  return who + " " + entry.kind;
}

std::string fields_of(const Json& data, std::initializer_list<std::string_view> skip) {
  std::string out;
  for (const auto& [key, value] : data.items()) {
    if (std::find(skip.begin(), skip.end(), key) != skip.end()) continue;
    out += fmt::format(" {}={}", key, value.is_string() ? base::printable(value.get<std::string>(), 60) : base::printable(base::dump(value), 60));
  }
  return out;
}

std::string manager_words(const Entry& entry) {
  const auto& data = entry.data;
  const auto unit = text(data, "unit");
  if (entry.kind == "state") {
    auto words = fmt::format("{} {} → {}", unit, text(data, "from"), text(data, "to"));
    if (const auto result = text(data, "result"); !result.empty() && result != "success") words += " · " + result;
    return words + with(" · ", text(data, "reason"));
  }
  if (entry.kind == "spawn") return fmt::format("start {} (pid {}{})", unit, number(data, "pid"), text(data, "role") == "control" ? ", control" : "");
  if (entry.kind == "exit") {
    const auto role = text(data, "role") == "control" ? "control " : "";
    const auto code = text(data, "code");
    return fmt::format("{}pid {} {} {}", role, number(data, "pid"), code.empty() ? "exited" : code, data.contains("status") && data["status"].is_string() ? text(data, "status") : std::to_string(number(data, "status")));
  }
  if (entry.kind == "notify") return base::printable(base::replace_all(text(data, "text"), "\n", " "), 100);
  if (entry.kind == "journal") return base::printable(text(data, "line"), 140);
  if (entry.kind == "signal") return fmt::format("{} to pid {}", text(data, "signal"), number(data, "pid"));
  if (entry.kind == "call") return text(data, "program") + with(" ", text(data, "args"));
  if (entry.kind == "fault") return "fault " + text(data, "fault") + fields_of(data, {"fault"});
  return entry.kind + fields_of(data, {});
}

std::string cli_words(const Entry& entry) {
  const auto& data = entry.data;
  if (entry.kind == "start") {
    std::string args;
    if (const auto* list = base::find(data, "args"); list && list->is_array()) {
      for (const auto& each : *list) args += " " + (each.is_string() ? each.get<std::string>() : base::dump(each));
    }
    return base::printable((text(data, "program").empty() ? "gateway" : text(data, "program")) + args, 140);
  }
  if (entry.kind == "line") return "  " + base::printable(text(data, "line"), 140);
  if (entry.kind == "exit") return fmt::format("exit code {} after {} ms", number(data, "code"), number(data, "ms"));
  return entry.kind;
}

std::string harness_words(const Entry& entry) {
  const auto& data = entry.data;
  if (entry.kind == "step") return "step: " + text(data, "what") + with(" · ", text(data, "note"));
  if (entry.kind == "step-failed") return "step failed: " + text(data, "why");
  if (entry.kind == "lag") return fmt::format("the harness itself was {} ms late", number(data, "ms"));
  if (entry.kind == "leftover") return fmt::format("still running at the end: pid {} {}", number(data, "pid"), text(data, "command"));
  if (entry.kind == "secret") return fmt::format("the secret of {} was found in {}", text(data, "label"), text(data, "where"));
  if (entry.kind == "sanitizer") return "sanitizer report " + text(data, "file");
  if (entry.kind == "teardown") return "the steps are over; stopping everything";
  if (entry.kind == "run") return fmt::format("run {} ({} world, speed {})", text(data, "scenario"), text(data, "world"), base::dump(data.value("speed", Json(1))));
  return entry.kind + fields_of(data, {});
}

/// "answered by acme/gpt-test key-b; before that: acme/gpt-test key-a billing": the gateway's own trail of a request.
std::string trail_words(const Json& data) {
  const auto* trail = base::find(data, "trail");
  const auto reason = text(data, "reason");
  std::string before, last;
  for (std::size_t i = 0; trail && trail->is_array() && i < trail->size(); ++i) {
    const auto& each = (*trail)[i];
    const auto who = text(each, "target") + with(" ", text(each, "key"));
    const auto why = text(each, "reason");
    if (i + 1 == trail->size()) last = who + (why.empty() || why == "none" ? "" : " " + why);
    else before += (before.empty() ? "" : ", ") + who + with(" ", why);
  }
  auto words = reason.empty() || reason == "none" ? "request answered" + with(" by ", last) : fmt::format("request failed: {}{}", reason, with(", last ", last));
  if (!before.empty()) words += "; before that " + before;
  return words;
}

std::string span_words(const Json& data, std::string_view key) { return base::human_duration(std::chrono::milliseconds(number(data, key))); }

std::string gateway_words(const Entry& entry) {
  const auto& data = entry.data;
  if (entry.kind != "log") return base::printable(text(data, "line"), 140);
  const auto event = text(data, "event");
  const auto key = text(data, "provider") + with(" ", text(data, "key"));
  if (event == "request done") return trail_words(data);
  if (event == "credential out") return fmt::format("{} is out for {} ({}{})", key, span_words(data, "out_ms"), text(data, "reason"), text(data, "state") == "dead" ? ", for good" : "");
  if (event == "credential back") return key + " is back" + with(" for ", text(data, "model"));
  if (event == "target out") return fmt::format("{} is out for {} ({})", text(data, "target"), span_words(data, "out_ms"), text(data, "reason"));
  if (event == "target back") return text(data, "target") + " is back";
  if (event == "attempt failed") {
    return fmt::format("attempt {} at {}{} failed: {}{}{}", number(data, "attempt"), text(data, "target"), with(" ", text(data, "key")), text(data, "reason"),
                       number(data, "status") > 0 ? fmt::format(" ({})", number(data, "status")) : "", with("; next: ", text(data, "next")));
  }
  if (event == "fallback") return fmt::format("falls back from {} to {} ({})", text(data, "from"), text(data, "to"), text(data, "reason"));
  if (event == "request waits") return "waits " + span_words(data, "wait_ms") + " before it tries again";
  if (event == "attempt sent again") return fmt::format("sends the attempt at {} again: {}", text(data, "target"), text(data, "why"));
  if (event == "ready") return "ready on " + text(data, "listen");
  if (event == "drain.begin") return fmt::format("drains for a {} (at most {} and {})", text(data, "why"), text(data, "drain"), text(data, "settle"));
  if (event == "exit") return fmt::format("leaves with code {} ({})", number(data, "code"), text(data, "what"));
  return text(entry.data, "event") + fields_of(entry.data, {"event", "level", "time", "ts", "request_id", "unit", "pid"});
}

bool manager_worth_showing(const Entry& entry) {
  const auto& data = entry.data;
  if (entry.kind == "state" || entry.kind == "spawn" || entry.kind == "exit" || entry.kind == "fault") return true;
  if (entry.kind == "signal") return text(data, "signal") != "SIGCONT";
  if (entry.kind == "call") {
    const auto args = text(data, "args");
    return args.find(" show") == std::string::npos && args.find(" is-") == std::string::npos && args.find(" status") == std::string::npos;
  }
  if (entry.kind != "notify") return false;
  // What changes the unit; plain status lines and signs of life do not.
  for (const auto* word : {"READY=1", "STOPPING=1", "RELOADING=1", "MAINPID="}) {
    if (text(data, "text").find(word) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

std::string describe(const Entry& entry) {
  std::string words;
  if (entry.lane == "client") words = client_words(entry);
  else if (entry.lane == "provider") words = provider_words(entry);
  else if (entry.lane == "gateway") words = gateway_words(entry);
  else if (entry.lane == "manager") words = manager_words(entry);
  else if (entry.lane == "cli") words = cli_words(entry);
  else words = harness_words(entry);
  // A gateway that leaks a key must not make the report leak it too.
  words = base::Redactor().apply(words);
  return base::shorten(words.empty() ? entry.kind : words, kDescribeMax);
}

std::string describe_line(const Entry& entry) { return fmt::format("{:7.3f}  {:<9}  {}", base::seconds(entry.at), entry.lane, describe(entry)); }

bool worth_showing(const Entry& entry) {
  if (entry.lane == "provider") return entry.kind == "answer" || (entry.kind == "end" && base::string_or(entry.data, "ended", "complete") != "complete");
  if (entry.lane == "harness") {
    return entry.kind == "step-failed" || entry.kind == "leftover" || entry.kind == "secret" || entry.kind == "sanitizer" || entry.kind == "teardown" ||
           (entry.kind == "step" && !base::string_or(entry.data, "note").empty());
  }
  if (entry.lane == "manager") return manager_worth_showing(entry);
  if (entry.lane == "gateway" && entry.kind == "log") {
    const auto event = base::string_or(entry.data, "event");
    // Said twice otherwise: by the service and by the core.
    return base::string_or(entry.data, "level") != "debug" && event != "start" && event != "drain" && event != "drained";
  }
  return true;
}

}  // namespace harness
