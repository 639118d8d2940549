// Evaluates the table over what is known of one failure, and fills in the verdict. No rule of a provider stands here.
#include "gateway/classify/classify.h"

#include <algorithm>

#include "base/redact.h"
#include "base/text.h"
#include "gateway/classify/body.h"
#include "gateway/classify/rules.h"
#include "gateway/classify/success.h"
#include "gateway/classify/wait.h"

namespace gateway {
namespace {

using base::Duration;
using namespace std::chrono_literals;

/// A longer wait is not sat out on the same key: it goes to the next, and people are told when the limit resets.
constexpr Duration kSameKeyWaitMax = 2min;
constexpr std::size_t kMessageMax = 300;

struct TransportRule {
  TransportError error;
  std::string_view name;
  Reason reason;
  Act act;
  HintId hint;
};
// In the order of TransportError. A silent target is not asked twice (gateway.md, "Recovery"); a broken connection may be.
constexpr TransportRule kTransport[] = {
    {TransportError::none, "transport.none", Reason::unknown, Act::elsewhere, HintId::server_error},
    {TransportError::refused, "transport.refused", Reason::timeout, Act::again, HintId::unreachable},
    {TransportError::unreachable, "transport.unreachable", Reason::timeout, Act::again, HintId::unreachable},
    {TransportError::dns, "transport.dns", Reason::timeout, Act::again, HintId::unreachable},
    {TransportError::reset, "transport.reset", Reason::timeout, Act::again, HintId::unreachable},
    {TransportError::closed, "transport.closed", Reason::timeout, Act::again, HintId::unreachable},
    {TransportError::tls, "transport.tls", Reason::timeout, Act::again, HintId::unreachable},
    {TransportError::tls_certificate, "transport.certificate", Reason::ssl_cert_verification, Act::elsewhere, HintId::certificate},
    {TransportError::connect_timeout, "transport.connect-timeout", Reason::timeout, Act::elsewhere, HintId::timeout},
    {TransportError::first_byte_timeout, "transport.first-byte-timeout", Reason::timeout, Act::elsewhere, HintId::timeout},
    {TransportError::first_content_timeout, "transport.first-content-timeout", Reason::timeout, Act::elsewhere, HintId::timeout},
    {TransportError::idle_timeout, "transport.idle-timeout", Reason::timeout, Act::elsewhere, HintId::timeout},
    {TransportError::total_timeout, "transport.total-timeout", Reason::timeout, Act::elsewhere, HintId::timeout},
    {TransportError::malformed, "transport.malformed", Reason::server_error, Act::again, HintId::server_error},
    {TransportError::too_large, "transport.too-large", Reason::limit, Act::elsewhere, HintId::gateway_limit},
    {TransportError::unknown, "transport.unknown", Reason::timeout, Act::again, HintId::unreachable},
};
static_assert(std::size(kTransport) == static_cast<std::size_t>(TransportError::unknown) + 1);

constexpr std::string_view kTransportTypes[] = {
    "ReadTimeout", "ConnectTimeout", "PoolTimeout", "WriteTimeout", "ConnectError", "RemoteProtocolError", "ConnectionError",
    "ConnectionResetError", "ConnectionAbortedError", "ConnectionRefusedError", "BrokenPipeError", "TimeoutError", "ReadError",
    "WriteError", "ServerDisconnectedError", "APIConnectionError", "APITimeoutError", "APIConnectionTimeoutError", "SSLError",
    "SSLEOFError", "SSLZeroReturnError", "SSLCertVerificationError", "OSError", "gaierror", "timeout", "ECONNRESET", "ECONNREFUSED",
    "ETIMEDOUT", "EPIPE", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_SOCKET", "UND_ERR_CONNECT_TIMEOUT", "IncompleteRead"};

struct Session {
  std::int64_t tokens, window, messages;

  // The figures are those of the survey: a provider that cuts a large conversation mostly does so because it is too large.
  bool past(double share, std::int64_t tokens_max, std::int64_t messages_max) const {
    constexpr std::int64_t kSmallWindow = 256'000;
    return static_cast<double>(tokens) > share * static_cast<double>(window) ||
           (window <= kSmallWindow && (tokens > tokens_max || messages > messages_max));
  }
};

/// All a rule can ask.
struct Situation {
  Vendors vendors = 0;
  Dialects dialects = 0;
  Statuses statuses = 0;
  words::Set codes = 0;
  words::Set text = 0;
  Conditions is = 0;

  bool fits(const Rule& rule) const {
    return (rule.statuses == 0 || (rule.statuses & statuses) != 0) && (rule.codes == 0 || (rule.codes & codes) != 0) &&
           (rule.text == 0 || (rule.text & text) != 0) && (rule.also == 0 || (rule.also & text) != 0) && (rule.without & text) == 0 &&
           (rule.is & is) == rule.is && (rule.vendors == 0 || (rule.vendors & vendors) != 0) &&
           (rule.dialects == 0 || (rule.dialects & dialects) != 0);
  }
};

void set_actions(Verdict& verdict, Act act) {
  verdict.retry = act == Act::rate || act == Act::again;
  verdict.rotate = act == Act::rotate || act == Act::rate || act == Act::window;
  verdict.compress = act == Act::compress;
  verdict.abort = act == Act::abort || act == Act::compress;
  verdict.fallback = !verdict.abort;
}

/// Nothing can be tried any more once the caller has part of an answer; a shorter conversation would still help next time.
void after_output(Verdict& verdict) {
  verdict.retry = verdict.rotate = verdict.fallback = false;
  verdict.abort = true;
}

Verdict plain_verdict(std::string_view why, Reason reason, Act act, HintId hint) {
  Verdict verdict;
  verdict.reason = reason;
  verdict.hint = hint;
  verdict.why = why;
  set_actions(verdict, act);
  return verdict;
}

Verdict transport_verdict(TransportError error, bool output) {
  const auto index = std::min(static_cast<std::size_t>(error), std::size(kTransport) - 1);
  const auto& rule = kTransport[index];
  if (!output) return plain_verdict(rule.name, rule.reason, rule.act, rule.hint);
  return plain_verdict(rule.name, Reason::stream_cut, Act::abort, HintId::stream_cut);
}

/// What came from outside, fit to be shown: no page, no key, one line.
std::string showable(const BodyFacts& facts, const base::Headers& headers) {
  std::string shown = facts.display;
  if (facts.kind == BodyFacts::Kind::html) {
    auto ray = headers.list.empty() ? std::string() : headers.get("cf-ray");
    if (ray.empty()) ray = facts.ray;
    if (!ray.empty()) shown += " (ray " + ray.substr(0, 40) + ")";
  } else if (shown.find("<html") != std::string::npos || shown.find("<!doctype") != std::string::npos ||
             shown.find("<!DOCTYPE") != std::string::npos) {
    shown = read_body(std::string_view(shown).substr(shown.find('<'))).display;
  }
  if (shown.size() > kMessageMax * 4) shown.resize(kMessageMax * 4);
  for (const std::string_view mark : {"sk-", "earer ", "EARER ", "xox", "gh", "AIza", "gsk_", "xai-", "hf_", "AKIA"}) {
    if (shown.find(mark) == std::string::npos) continue;
    shown = base::Redactor{}.apply(shown);
    break;
  }
  return base::printable(shown, kMessageMax);
}

Session session_of(const Failure& failure) {
  constexpr std::int64_t kWindowDefault = 200'000;
  return {failure.approx_tokens.value_or(0), failure.context_length.value_or(kWindowDefault), failure.num_messages.value_or(0)};
}

Conditions conditions_of(const Failure& failure, const BodyFacts& facts) {
  Conditions is = 0;
  const auto session = session_of(failure);
  if (facts.kind == BodyFacts::Kind::html) is |= is_html;
  if (facts.kind == BodyFacts::Kind::empty && failure.message.empty()) is |= is_empty;
  if (session.past(0.6, 120'000, 200)) is |= is_large_session;
  constexpr std::size_t kVagueMax = 30;
  if (facts.display.size() < kVagueMax && session.past(0.4, 80'000, 80)) is |= is_vague_and_large;
  if (facts.wrapped_upstream) is |= is_wrapped;
  if (failure.model.find('/') == std::string::npos) is |= is_bare_model;
  if (failure.status && *failure.status / 100 == 3 && failure.headers.has("location")) is |= is_redirect;
  if (!failure.transport_word.empty()) {
    if (std::find(std::begin(kTransportTypes), std::end(kTransportTypes), failure.transport_word) != std::end(kTransportTypes)) {
      is |= is_timeout_type;
    }
    if (failure.transport_word == "RateLimitError") is |= is_rate_limit_type;
    if (failure.transport_word == "SSLCertVerificationError") is |= is_certificate_type;
  }
  const bool delay = std::any_of(facts.waits.begin(), facts.waits.end(), [](const auto& w) { return w.first == WaitKey::duration; });
  if (delay) is |= has_retry_delay;
  return is;
}

std::optional<Duration> wait_for(const Failure& failure, const BodyFacts& facts, Reason reason, Vendors vendors) {
  const bool windows = reason == Reason::rate_limit || reason == Reason::upstream_rate_limit || reason == Reason::billing ||
                       reason == Reason::overloaded;
  return wait_of({.headers = &failure.headers,
                  .body = facts.waits,
                  .lower_text = facts.text,
                  .now = failure.now,
                  .zone = (vendors & v_zai) != 0 ? Duration{8h} : Duration{0},
                  .windows = windows});
}

const Rule& first_fitting(const Situation& situation) {
  const auto table = rules();
  for (const auto& rule : table) {
    if (situation.fits(rule)) return rule;
  }
  return table.back();
}

/// The table over a failure whose body has been read.
Verdict judge(const Failure& failure, const BodyFacts& facts, bool output) {
  Situation situation;
  situation.vendors = vendor_of(failure.provider);
  situation.dialects = dialects_of(failure.dialect);
  // Inside a 200, or without a status, the error itself may say which status it would have been.
  const bool inside = !failure.status || *failure.status < 300;
  situation.statuses = status_set(inside && facts.inner_status != 0 ? std::optional<int>(facts.inner_status) : failure.status);
  situation.codes = facts.codes;
  if (const auto type = failure.headers.list.empty() ? std::nullopt : failure.headers.find("x-amzn-errortype")) {
    situation.codes |= words::find_code(*type);
  }
  situation.text = words::find_text(facts.text);
  situation.is = conditions_of(failure, facts);
  if ((situation.text & words::retry_in) != 0) situation.is |= has_retry_delay;

  const Rule& rule = first_fitting(situation);
  auto verdict = plain_verdict(rule.name, rule.reason, rule.act, rule.hint == HintId::none ? hint_of(rule.reason) : rule.hint);
  if (!rule.ignores_wait) verdict.wait = wait_for(failure, facts, rule.reason, situation.vendors);
  const bool limited = rule.reason == Reason::rate_limit || rule.reason == Reason::upstream_rate_limit;
  if (limited && verdict.wait && (rule.act == Act::window || *verdict.wait > kSameKeyWaitMax)) {
    if (*verdict.wait > Duration{0}) verdict.hint = HintId::usage_limit_reset;
    if (rule.act == Act::rate) set_actions(verdict, Act::window);
  }
  if (output) after_output(verdict);
  verdict.message = showable(facts, failure.headers);
  return verdict;
}

/// A reply that says success: an error inside it, an answer that says nothing, one that stops half way, or no failure at all.
Verdict judge_success(const Failure& failure, std::string_view body) {
  const bool events = looks_like_events(body);
  const auto found = read_success(body);
  if (!found.error.empty()) {
    auto facts = read_body(found.error);
    add_message(facts, failure.message);
    return judge(failure, facts, failure.after_output || (events && found.content));
  }
  if (!failure.message.empty() && !found.readable) {
    BodyFacts facts;
    add_message(facts, failure.message);
    return judge(failure, facts, failure.after_output);
  }
  const bool output = failure.after_output || (events && found.content);
  const auto say = [&](std::string_view why, Reason reason, Act act) {
    auto verdict = plain_verdict(why, reason, act, hint_of(reason));
    if (output) after_output(verdict);
    return verdict;
  };
  const bool whole_json = !events && !found.garbage;
  if (found.by_window) return say("success.window", Reason::context_overflow, Act::compress);
  if (found.by_policy && !found.content) return say("success.policy", Reason::content_policy_blocked, Act::abort);
  if (found.broken_tool_call) return say("success.tool-call", Reason::format_error, Act::again);
  if (!found.readable) return say("success.unreadable", Reason::empty_response, Act::again);
  if (!found.finished && !whole_json) {
    if (found.content || failure.after_output) return say("success.cut", Reason::stream_cut, Act::abort);
    if (failure.transport != TransportError::none) return transport_verdict(failure.transport, false);
    return say("success.cut-before-content", Reason::empty_response, Act::again);
  }
  // All of the answer's length went into thinking: the same request would end the same way.
  if (!found.content) return say("success.empty", Reason::empty_response, found.by_length ? Act::abort : Act::again);
  return Verdict{.reason = Reason::none, .why = "success"};
}

}  // namespace

Verdict classify(const Failure& failure) {
  std::string inflated;
  std::string_view body = failure.body;
  if (looks_compressed(body)) {
    inflated = inflate_body(body);
    if (!inflated.empty()) body = inflated;
  }
  const bool success = failure.status && *failure.status >= 200 && *failure.status < 300;
  const auto trimmed = base::trim(body.substr(0, 256));
  if (!failure.error_event && (success || (!failure.status && looks_like_events(body))) && !trimmed.empty() && trimmed.front() != '<') {
    return judge_success(failure, body);
  }
  auto facts = read_body(body);
  const bool no_reply = !failure.status || *failure.status <= 0;
  if (failure.transport != TransportError::none && (no_reply || success) && !facts.has_error) {
    auto verdict = transport_verdict(failure.transport, failure.after_output);
    add_message(facts, failure.message);
    verdict.message = showable(facts, failure.headers);
    return verdict;
  }
  if (success && !failure.error_event && failure.message.empty()) {
    if (facts.kind == BodyFacts::Kind::html) {
      // A page in place of an answer: a captive portal or a proxy's login stands between.
      auto verdict = plain_verdict("success.page", Reason::timeout, Act::elsewhere, HintId::unreachable);
      verdict.message = showable(facts, failure.headers);
      return verdict;
    }
    if (facts.kind == BodyFacts::Kind::empty || facts.kind == BodyFacts::Kind::binary) {
      return plain_verdict("success.nothing", Reason::empty_response, Act::again, hint_of(Reason::empty_response));
    }
  }
  if (!failure.message.empty() && failure.message != failure.body) add_message(facts, failure.message);
  return judge(failure, facts, failure.after_output);
}

}  // namespace gateway
