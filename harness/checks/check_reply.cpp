// What clients got: replies, hints, streams.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "harness/checks/outcome.h"

namespace harness::checks {
namespace {

std::string text_at(const Entry& reply, std::string_view key) { return base::string_or(reply.data, key); }

std::string status_text(const Entry& reply) {
  const auto status = base::integer_or(reply.data, "status", 0);
  return status == 0 ? fmt::format("no reply ({})", text_at(reply, "ended")) : std::to_string(status);
}

std::string ended_words(const Exchange& exchange) {
  const auto& data = exchange.reply()->data;
  auto words = fmt::format("status {}, ended {}", base::integer_or(data, "status", 0), base::string_or(data, "ended", "complete"));
  if (exchange.stream()) {
    words += base::bool_or(data, "terminator", false) ? ", terminator" : ", no terminator";
    const auto finish = base::string_or(data, "finish");
    words += finish.empty() ? ", no finish reason" : ", finish reason " + finish;
    if (base::bool_or(data, "error_event", false)) words += ", an error event";
  }
  return words;
}

std::int64_t word_count(const Entry& reply) {
  std::int64_t words = 0;
  bool inside = false;
  for (const char c : text_at(reply, "text")) {
    const bool space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (!space && !inside) ++words;
    inside = !space;
  }
  return words;
}

/// Where "contains" and "never" look.
std::string everything(const Entry& reply) {
  std::string all;
  for (const auto* key : {"text", "error", "hint", "body"}) {
    if (const auto* value = base::find(reply.data, key); value && !value->is_null()) all += (value->is_string() ? value->get<std::string>() : base::dump(*value)) + "\n";
  }
  return all;
}

void exact(Outcome& out, const Exchange& exchange, std::string_view key, std::string_view member) {
  if (!out.has(key)) return;
  const auto wanted = out.text(key);
  const auto seen = text_at(*exchange.reply(), member);
  if (wanted != seen) out.fail(fmt::format("{} of {}: {}", key, exchange.as, wanted.empty() ? "none" : quote(wanted)), seen.empty() ? "none" : quote(seen), exchange.reply());
}

void matching(Outcome& out, const Exchange& exchange, std::string_view key, std::string_view member) {
  if (!out.has(key)) return;
  const auto wanted = out.text(key);
  const auto seen = text_at(*exchange.reply(), member);
  if (!base::glob_match(wanted, seen)) out.fail(fmt::format("{} of {}: {}", key, exchange.as, quote(wanted)), seen.empty() ? "none" : quote(seen), exchange.reply());
}

void flag_is(Outcome& out, const Exchange& exchange, std::string_view key, bool seen, const std::string& words) {
  const auto wanted = out.flag(key);
  if (!wanted || *wanted == seen) return;
  out.fail(fmt::format("{} of {}: {}", key, exchange.as, *wanted ? "yes" : "no"), words, exchange.reply());
}

void judge_words(Outcome& out, const Exchange& exchange) {
  const auto& reply = *exchange.reply();
  exact(out, exchange, "text", "text");
  exact(out, exchange, "reason", "reason");
  exact(out, exchange, "hint", "hint");
  exact(out, exchange, "code", "code");
  exact(out, exchange, "finish", "finish");
  matching(out, exchange, "error", "error");
  matching(out, exchange, "model", "model");
  const auto all = everything(reply);
  for (const auto& part : out.texts("contains")) {
    if (all.find(part) == std::string::npos) out.fail(fmt::format("{} contains {}", exchange.as, quote(part)), quote(all), &reply);
  }
  for (const auto& part : out.texts("never")) {
    if (all.find(part) != std::string::npos) out.fail(fmt::format("{} never contains {}", exchange.as, quote(part)), quote(all), &reply);
  }
}

void judge_maps(Outcome& out, const Exchange& exchange) {
  const auto& reply = *exchange.reply();
  if (const auto* wanted = base::find(out.params(), "headers")) {
    const auto* headers = base::find(reply.data, "headers");
    for (const auto& [name, value] : wanted->items()) {
      const auto* seen = headers ? base::find(*headers, base::lower(name)) : nullptr;
      if (!value_matches(value, seen)) out.fail(fmt::format("header {} of {}: {}", name, exchange.as, wanted_words(value)), seen ? wanted_words(*seen) : "none", &reply);
    }
  }
  if (const auto* wanted = base::find(out.params(), "body")) {
    const auto* raw = base::find(reply.data, "body");
    const auto body = raw && raw->is_string() ? base::parse_wire_json(raw->get<std::string>()) : raw && raw->is_object() ? std::optional(*raw) : std::nullopt;
    for (const auto& [pointer, value] : wanted->items()) {
      const auto found = body ? at_pointer(*body, pointer) : std::vector<const Json*>{};
      const bool fits = found.empty() ? value_matches(value, nullptr) : std::any_of(found.begin(), found.end(), [&](const Json* each) { return value_matches(value, each); });
      if (!fits) out.fail(fmt::format("body of {} at {}: {}", exchange.as, pointer, wanted_words(value)), !body ? "the body is not JSON" : found.empty() ? "nothing there" : wanted_words(*found.front()), &reply);
    }
  }
}

void judge_times(Outcome& out, const Exchange& exchange) {
  const auto begin = exchange.request->at;
  const auto* reply = exchange.reply();
  if (const auto limit = out.duration("within")) out.within("the reply to " + exchange.as, begin, reply->at, *limit, reply);
  if (const auto limit = out.duration("at_least")) out.at_least("the reply to " + exchange.as, reply->at - begin, *limit, reply);
  for (const auto* key : {"first_content", "first_event"}) {
    const auto limit = out.duration(key);
    if (!limit) continue;
    const auto ms = base::find(reply->data, "first_content_ms");
    const auto first = exchange.first ? std::optional(exchange.first->at) : ms && ms->is_number() ? std::optional(begin + base::from_seconds(ms->get<double>() / 1000)) : std::nullopt;
    if (first) out.within("the first content of " + exchange.as, begin, *first, *limit, exchange.first ? exchange.first : reply);
    else out.never_within("the first content of " + exchange.as, begin, *limit, "no content at all, " + ended_words(exchange), reply);
  }
  if (const auto limit = out.duration("largest_gap")) {
    const auto* ms = base::find(reply->data, "largest_gap_ms");
    if (!ms || !ms->is_number()) return out.unknown(fmt::format("largest gap of {}", exchange.as), "it was not measured", reply);
    const auto gap = base::from_seconds(ms->get<double>() / 1000);
    const auto lag = out.view().lag(begin, reply->at);
    const auto expected = fmt::format("no silence in {} over {}", exchange.as, base::human_duration(*limit));
    if (gap > *limit && lag > *limit / 10) out.unknown(expected, fmt::format("{}, but the harness itself was {} late", base::human_duration(gap), base::human_duration(lag)), reply);
    else if (gap > *limit) out.fail(expected, base::human_duration(gap), reply);
  }
}

/// A clear error: the client can tell that it has no whole answer.
bool clear_error(const Exchange& exchange) {
  const auto& data = exchange.reply()->data;
  const auto status = base::integer_or(data, "status", 0);
  return status >= 400 ? base::string_or(data, "ended", "complete") == "complete" : base::bool_or(data, "error_event", false);
}

void judge_whole(Outcome& out, const Exchange& exchange) {
  const auto& reply = *exchange.reply();
  const bool is_whole = whole(exchange);
  flag_is(out, exchange, "complete", is_whole, ended_words(exchange));
  if (out.flag("whole_or_error").value_or(false) && !is_whole && !clear_error(exchange)) {
    out.fail(fmt::format("{} is whole, or ends with a clear error", exchange.as), fmt::format("{}: a cut that says nothing", ended_words(exchange)), &reply);
  }
  const bool excused = out.flag("whole_or_error").value_or(false) && !is_whole;
  if (out.has("words") && !excused) out.count_fits("words in the text of " + exchange.as, word_count(reply), out.count("words", {0, kNoMaximum}), &reply);
  flag_is(out, exchange, "terminator", base::bool_or(reply.data, "terminator", false), ended_words(exchange));
  flag_is(out, exchange, "error_event", base::bool_or(reply.data, "error_event", false), ended_words(exchange));
  const auto* usage = base::find(reply.data, "usage");
  flag_is(out, exchange, "usage", usage && !usage->is_null() && !(usage->is_object() && usage->empty()), usage ? wanted_words(*usage) : "none");
  if (out.has("ended") && out.text("ended") != base::string_or(reply.data, "ended", "complete")) {
    out.fail(fmt::format("{} ends {}", exchange.as, out.text("ended")), ended_words(exchange), &reply);
  }
  if (out.has("events")) out.count_fits("events of " + exchange.as, base::integer_or(reply.data, "events", 0), out.count("events", {0, kNoMaximum}), &reply);
}

void judge_one(Outcome& out, const Exchange& exchange) {
  const auto* reply = exchange.reply();
  if (!reply) return out.fail("a reply to " + exchange.as, "none by the end of the run", exchange.request);
  if (const auto* status = base::find(out.params(), "status"); status && !status_matches(*status, base::integer_or(reply->data, "status", 0))) {
    const auto error = text_at(*reply, "error");
    out.fail(fmt::format("status of {}: {}", exchange.as, wanted_words(*status)), status_text(*reply) + (error.empty() ? "" : " " + quote(error)), reply);
  }
  if (out.has("provider")) {
    const auto by = answered_by(out.view(), exchange);
    if (by != out.text("provider")) out.fail(fmt::format("{} answered by {}", exchange.as, out.text("provider")), by.empty() ? "no provider" : by, reply);
  }
  judge_words(out, exchange);
  judge_maps(out, exchange);
  judge_whole(out, exchange);
  judge_times(out, exchange);
}

void judge_all(Outcome& out) {
  const auto name = out.text("reply");
  const auto list = out.view().named(name);
  if (list.empty()) return out.unknown("a request called " + name, "none was made in this run");
  if (!out.has("least")) {
    for (const auto* exchange : list) judge_one(out, *exchange);
    return;
  }
  const auto least = base::integer_or(out.params(), "least", 1);
  std::int64_t fitting = 0;
  std::optional<CheckResult> worst;
  for (const auto* exchange : list) {
    Outcome one(out.view(), out.params(), "", 0);
    judge_one(one, *exchange);
    if (!one.failed()) ++fitting;
    else if (!worst) worst = one.take();
  }
  if (fitting >= least) return;
  const auto seen = fmt::format("{} of {}{}", fitting, list.size(), worst ? fmt::format("; the first that did not: expected {}, seen {}", worst->expected, worst->seen) : "");
  const Entry* near = list.front()->request;
  if (worst && worst->verdict == Verdict::unknown) out.unknown(fmt::format("at least {} of {} fit", least, name), seen, near);
  else out.fail(fmt::format("at least {} of {} fit", least, name), seen, near);
}

}  // namespace

bool whole(const Exchange& exchange) {
  const auto* reply = exchange.reply();
  if (!reply) return false;
  const auto& data = reply->data;
  if (base::integer_or(data, "status", 0) / 100 != 2 || base::bool_or(data, "error_event", false)) return false;
  const auto ended = base::string_or(data, "ended", "complete");
  const bool last_word = base::bool_or(data, "terminator", false) || !base::string_or(data, "finish").empty();
  if (!exchange.stream()) return ended == "complete";
  // A stream without a length ends with the connection: its last event says that it was whole.
  return last_word && (ended == "complete" || (ended == "fin" && base::bool_or(data, "terminator", false)));
}

std::string answered_by(const View& view, const Exchange& exchange) {
  if (const auto* headers = exchange.reply() ? base::find(exchange.reply()->data, "headers") : nullptr) {
    const auto named = base::string_or(*headers, "x-gateway-provider");
    if (!named.empty()) return named.substr(0, named.find('/'));
  }
  const auto end = exchange.reply() ? exchange.reply()->at : view.length();
  std::string by;
  Duration latest{-1};
  for (const auto& attempt : view.attempts()) {
    if (!attempt.answer || attempt.at() < exchange.request->at || attempt.answered_at() > end || attempt.answered_at() < latest) continue;
    latest = attempt.answered_at();
    by = attempt.provider;
  }
  return by;
}

void check_reply(Outcome& out) { judge_all(out); }
void check_stream(Outcome& out) { judge_all(out); }

void check_hint(Outcome& out) {
  const auto name = out.text("reply");
  const auto list = out.view().named(name);
  if (list.empty()) return out.unknown("a request called " + name, "none was made in this run");
  for (const auto* exchange : list) {
    const auto* reply = exchange->reply();
    if (!reply) {
      out.fail("a reply to " + exchange->as, "none by the end of the run", exchange->request);
      continue;
    }
    const auto hint = text_at(*reply, "hint");
    const auto seen = hint.empty() ? fmt::format("none, in {} {}", status_text(*reply), quote(text_at(*reply, "error").empty() ? text_at(*reply, "text") : text_at(*reply, "error"))) : quote(hint);
    if (out.flag("absent").value_or(false)) {
      if (!hint.empty()) out.fail("no hint in " + exchange->as, seen, reply);
      continue;
    }
    if (out.has("is") && hint != out.text("is")) out.fail(fmt::format("hint of {}: {}", exchange->as, quote(out.text("is"))), seen, reply);
    else if (out.has("contains") && hint.find(out.text("contains")) == std::string::npos) out.fail(fmt::format("hint of {} contains {}", exchange->as, quote(out.text("contains"))), seen, reply);
    else if (!out.has("is") && !out.has("contains") && hint.empty()) out.fail("a hint in " + exchange->as, seen, reply);
  }
  if (!out.failed()) out.tell(out.flag("absent").value_or(false) ? "no hint" : "hint shown");
}

}  // namespace harness::checks
