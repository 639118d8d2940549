// One tolerant pass over JSON: each scalar is judged by its key and by what it stands in.
#include "gateway/classify/body_json.h"

#include <charconv>
#include <unordered_map>

#include "base/text.h"

namespace gateway {
namespace {

/// What a member of an error body is for, by its key.
enum class Role : std::uint8_t {
  none,
  message,
  error,      ///< a string, or an object, or a list of them
  code,
  type,
  status,     ///< a number, or Google's word
  reason,     ///< a code word, or a sentence
  param,      ///< a name, or a sentence (MiMo: "text is not set")
  quota,      ///< Google's quotaId and quotaMetric
  raw,        ///< OpenRouter: the upstream's own body as a string
  detail,
  wait_seconds,
  wait_milliseconds,
  wait_duration,
  wait_instant,
  skip,       ///< content, echoes of the request, links: words there mean nothing
};

Role role_of(std::string_view key) {
  static const std::unordered_map<std::string_view, Role> roles{
      {"message", Role::message}, {"msg", Role::message}, {"errorMessage", Role::message}, {"error_message", Role::message},
      {"error_description", Role::message}, {"error_msg", Role::message}, {"status_msg", Role::message}, {"title", Role::message},
      {"error", Role::error}, {"errors", Role::error}, {"code", Role::code}, {"error_code", Role::code}, {"errorCode", Role::code},
      {"error_type", Role::code}, {"error_name", Role::code}, {"http_code", Role::status}, {"status_code", Role::status},
      {"statusCode", Role::status}, {"http_status", Role::status}, {"limit_source", Role::code}, {"__type", Role::code},
      {"type", Role::type}, {"status", Role::status}, {"reason", Role::reason}, {"param", Role::param}, {"quotaId", Role::quota},
      {"quotaMetric", Role::quota}, {"raw", Role::raw}, {"detail", Role::detail}, {"details", Role::detail},
      {"retry_after", Role::wait_seconds}, {"retryAfter", Role::wait_seconds}, {"retry_after_seconds", Role::wait_seconds},
      {"resets_in_seconds", Role::wait_seconds}, {"reset_after_seconds", Role::wait_seconds},
      {"estimated_time", Role::wait_seconds}, {"retry_after_ms", Role::wait_milliseconds}, {"retryDelay", Role::wait_duration},
      {"quotaResetDelay", Role::wait_duration}, {"resets_at", Role::wait_instant}, {"reset_at", Role::wait_instant},
      {"quotaResetTimeStamp", Role::wait_instant}, {"choices", Role::skip}, {"candidates", Role::skip}, {"content", Role::skip},
      {"output", Role::skip}, {"messages", Role::skip}, {"usage", Role::skip}, {"usageMetadata", Role::skip}, {"input", Role::skip},
      {"tools", Role::skip}, {"failed_generation", Role::skip}, {"flagged_input", Role::skip}, {"links", Role::skip},
      {"previous_errors", Role::skip}, {"fallback_models", Role::skip}, {"requested_models", Role::skip}, {"headers", Role::skip},
      {"data", Role::skip}, {"request", Role::skip}, {"prompt", Role::skip}, {"what_you_should_do", Role::skip},
      {"footer", Role::skip}, {"instructions", Role::skip}, {"content_filter_result", Role::skip}, {"stack", Role::skip},
      {"trace", Role::skip}, {"remedy_hint", Role::skip},
  };
  const auto found = roles.find(key);
  return found == roles.end() ? Role::none : found->second;
}

/// AWS event streams name the exception as the member ("modelStreamErrorException").
bool names_exception(std::string_view key) { return key.size() > 9 && key.ends_with("Exception"); }

class Scan {
 public:
  Scan(std::string_view json, BodyFacts& facts, int nesting) : in_(json), facts_(facts), nesting_(nesting) {}

  void run() {
    value(Role::error, 0, false);
    facts_.truncated = facts_.truncated || ran_out_;
  }

 private:
  char peek() const { return at_ < in_.size() ? in_[at_] : '\0'; }
  void space() {
    while (at_ < in_.size() && (in_[at_] == ' ' || in_[at_] == '\n' || in_[at_] == '\r' || in_[at_] == '\t')) ++at_;
  }

  void value(Role role, int depth, bool silent) {
    space();
    switch (peek()) {
      case '{': object(role, depth, silent); break;
      case '[': array(role, depth, silent); break;
      case '"': {
        const auto text = string(scratch_value_);
        if (!silent) on_string(role, text, depth);
        break;
      }
      default: {
        const auto start = at_;
        while (at_ < in_.size() && std::string_view(",]}\n\r\t ").find(in_[at_]) == std::string_view::npos) ++at_;
        if (at_ == start) ++at_;  // damage: never stand still
        else if (!silent) on_plain(role, in_.substr(start, at_ - start), depth);
      }
    }
  }

  void object(Role role, int depth, bool silent) {
    ++at_;
    if (depth >= kBodyDepthMax) return skip_to_end();
    if (role == Role::error && depth > 0 && !silent && nesting_ == 0) facts_.has_error = true;
    while (true) {
      space();
      if (at_ >= in_.size()) return stop();
      if (in_[at_] == '}') { ++at_; return; }
      if (in_[at_] != '"') { ++at_; continue; }  // a comma, or damage
      const auto key = string(scratch_key_);
      auto inner = role_of(key);
      const bool exception = names_exception(key);
      if (exception && !silent) note_exception(key);
      // A "detail" below "details" is Google's debug text, and a "message" below a list of details is a translation.
      if (inner == Role::detail && role == Role::detail) inner = Role::skip;
      space();
      if (peek() == ':') ++at_;
      value(inner, depth + 1, silent || inner == Role::skip);
    }
  }

  void array(Role role, int depth, bool silent) {
    ++at_;
    if (depth >= kBodyDepthMax) return skip_to_end();
    while (true) {
      space();
      if (at_ >= in_.size()) return stop();
      if (in_[at_] == ']') { ++at_; return; }
      if (in_[at_] == ',') { ++at_; continue; }
      const auto before = at_;
      value(role, depth + 1, silent);
      if (at_ == before) ++at_;
    }
  }

  void stop() { ran_out_ = true; }
  void skip_to_end() {
    at_ = in_.size();
    ran_out_ = true;
  }

  /// The string at the cursor, unescaped only when it must be; what is left of it when the text ends inside.
  std::string_view string(std::string& scratch) {
    ++at_;
    const auto start = at_;
    while (at_ < in_.size() && in_[at_] != '"' && in_[at_] != '\\') ++at_;
    if (at_ >= in_.size()) { stop(); return in_.substr(start); }
    if (in_[at_] == '"') return in_.substr(start, at_++ - start);
    scratch.assign(in_.substr(start, at_ - start));
    while (at_ < in_.size() && in_[at_] != '"') {
      if (in_[at_] == '\\') escape(scratch);
      else scratch += in_[at_++];
    }
    if (at_ < in_.size()) ++at_;
    else stop();
    return scratch;
  }

  void escape(std::string& out) {
    ++at_;
    const char c = peek();
    ++at_;
    switch (c) {
      case 'n': out += '\n'; return;
      case 't': out += '\t'; return;
      case 'r': out += '\r'; return;
      case 'b': case 'f': out += ' '; return;
      case 'u': break;
      case '\0': return;
      default: out += c; return;
    }
    std::uint32_t point = hex4();
    if (point >= 0xD800 && point < 0xDC00 && in_.substr(std::min(at_, in_.size()), 2) == "\\u") {
      at_ += 2;
      const auto low = hex4();
      point = low >= 0xDC00 && low < 0xE000 ? 0x10000 + ((point - 0xD800) << 10U) + (low - 0xDC00) : 0xFFFD;
    }
    append_utf8(point >= 0xD800 && point < 0xE000 ? 0xFFFD : point, out);
  }

  std::uint32_t hex4() {
    std::uint32_t point = 0xFFFD;
    const auto digits = in_.substr(std::min(at_, in_.size()), 4);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), point, 16);
    at_ += static_cast<std::size_t>(end - digits.data());
    return error == std::errc{} ? point : 0xFFFD;
  }

  static void append_utf8(std::uint32_t c, std::string& out) {
    const auto put = [&](std::uint32_t byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
    if (c < 0x80) return put(c);
    if (c < 0x800) { put(0xC0 | (c >> 6U)); return put(0x80 | (c & 0x3FU)); }
    if (c < 0x10000) { put(0xE0 | (c >> 12U)); put(0x80 | ((c >> 6U) & 0x3FU)); return put(0x80 | (c & 0x3FU)); }
    put(0xF0 | (c >> 18U));
    put(0x80 | ((c >> 12U) & 0x3FU));
    put(0x80 | ((c >> 6U) & 0x3FU));
    put(0x80 | (c & 0x3FU));
  }

  void note_exception(std::string_view key) {
    facts_.codes |= words::find_code(key);
    facts_.has_error = true;
  }

  /// A message may itself be JSON: error.message of a proxy, metadata.raw.
  void message(std::string_view text) {
    const auto trimmed = base::trim(text);
    if (nesting_ < kBodyNestingMax && !trimmed.empty() && (trimmed.front() == '{' || trimmed.front() == '[')) {
      const auto before = facts_.text.size();
      const std::string copy(trimmed);  // the view points into a scratch that the inner pass reuses
      Scan inner(copy, facts_, nesting_ + 1);
      inner.run();
      if (facts_.text.size() > before) return;
    }
    if (!trimmed.empty()) add_text(facts_, trimmed);
  }

  void inner_status(std::string_view text) {
    const auto number = base::parse_integer(text);
    if (nesting_ == 0 && number && *number >= 400 && *number < 600 && facts_.inner_status == 0) {
      facts_.inner_status = static_cast<int>(*number);
    }
  }

  void on_string(Role role, std::string_view text, int depth) {
    switch (role) {
      case Role::error:
        if (nesting_ == 0 && depth > 0 && !text.empty()) facts_.has_error = true;
        message(text);
        break;
      case Role::message: message(text); break;
      case Role::raw:
        facts_.wrapped_upstream = true;
        message(text);
        break;
      case Role::detail: message(text); break;
      case Role::type:
        if (text == "error") facts_.has_error = true;
        else facts_.codes |= words::find_code(text);
        break;
      case Role::reason:
      case Role::param:
        facts_.codes |= role == Role::reason ? words::find_code(text) : 0;
        if (text.find(' ') != std::string_view::npos) message(text);
        break;
      case Role::code:
      case Role::status:
        facts_.codes |= words::find_code(text);
        inner_status(text);
        break;
      case Role::quota: quota(text); break;
      default: wait(role, text);
    }
  }

  void on_plain(Role role, std::string_view text, int depth) {
    if (role == Role::error) {
      if (nesting_ == 0 && depth > 0 && text != "null" && text != "false" && text != "0") facts_.has_error = true;
    } else if (role == Role::code || role == Role::status) {
      facts_.codes |= words::find_code(text);
      inner_status(text);
    } else {
      wait(role, text);
    }
  }

  void quota(std::string_view text) {
    // For the rules only ("perday"): no sentence to show.
    std::string shown;
    shown.swap(facts_.display);
    add_text(facts_, text);
    facts_.display.swap(shown);
  }

  void wait(Role role, std::string_view text) {
    constexpr std::size_t kWaitsMax = 16;
    if (facts_.waits.size() >= kWaitsMax || text.size() > 64 || text == "null") return;
    if (role == Role::wait_seconds) facts_.waits.emplace_back(WaitKey::seconds, text);
    if (role == Role::wait_milliseconds) facts_.waits.emplace_back(WaitKey::milliseconds, text);
    if (role == Role::wait_duration) facts_.waits.emplace_back(WaitKey::duration, text);
    if (role == Role::wait_instant) facts_.waits.emplace_back(WaitKey::instant, text);
  }

  std::string_view in_;
  BodyFacts& facts_;
  int nesting_;
  std::size_t at_ = 0;
  bool ran_out_ = false;
  std::string scratch_key_, scratch_value_;
};

}  // namespace

void read_json_body(std::string_view json, BodyFacts& facts) { Scan(json, facts, 0).run(); }

}  // namespace gateway
