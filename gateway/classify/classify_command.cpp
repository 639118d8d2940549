#include "gateway/classify/classify_command.h"

#include "base/json.h"
#include "base/text.h"

namespace gateway {
namespace {

using base::Json;

struct Word {
  std::string_view word;
  TransportError error;
};
// What people and fault catalogues call a broken exchange. SDK exception names are left to the rules (transport_word).
constexpr Word kTransportWords[] = {
    {"refuse", TransportError::refused}, {"refused", TransportError::refused}, {"unreachable", TransportError::unreachable},
    {"dns", TransportError::dns}, {"rst", TransportError::reset}, {"reset", TransportError::reset}, {"fin", TransportError::closed},
    {"closed", TransportError::closed}, {"fin_before_headers", TransportError::closed}, {"fin_mid_event", TransportError::closed},
    {"fin_without_last_chunk", TransportError::closed}, {"tls", TransportError::tls}, {"tls_cert_invalid", TransportError::tls_certificate},
    {"tls_certificate", TransportError::tls_certificate}, {"connect_timeout", TransportError::connect_timeout},
    {"stall", TransportError::first_byte_timeout}, {"first_byte_timeout", TransportError::first_byte_timeout},
    {"stall_before_headers", TransportError::first_byte_timeout}, {"stall_after_headers", TransportError::first_content_timeout},
    {"first_content_timeout", TransportError::first_content_timeout}, {"idle_timeout", TransportError::idle_timeout},
    {"stall_mid_stream", TransportError::idle_timeout}, {"total_timeout", TransportError::total_timeout},
    {"malformed", TransportError::malformed}, {"too_large", TransportError::too_large},
};

TransportError transport_of(std::string_view word) {
  for (const auto& known : kTransportWords) {
    if (base::iequals(known.word, word)) return known.error;
  }
  if (word.starts_with("tls_alert")) return TransportError::tls;
  if (word.starts_with("rst")) return TransportError::reset;
  if (word.starts_with("fin")) return TransportError::closed;
  return TransportError::none;
}

class Input {
 public:
  Input(const Json& line, base::Error& problems) : line_(line), problems_(problems) {}

  void text(std::string_view key, std::string& out) {
    const auto* value = present(key);
    if (!value) return;
    if (value->is_string()) out = value->get_ref<const std::string&>();
    else wrong(key, "a string");
  }
  void integer(const Json& in, std::string_view key, std::optional<std::int64_t>& out) {
    const auto* value = base::find(in, key);
    if (!value || value->is_null()) return;
    if (value->is_number_integer()) out = base::integer_or(in, key, 0);
    else wrong(key, "an integer");
  }
  const Json* present(std::string_view key) const {
    const auto* value = base::find(line_, key);
    return value && !value->is_null() ? value : nullptr;
  }
  void wrong(std::string_view key, std::string_view wanted) {
    problems_.problems.push_back({.where = "/" + std::string(key), .what = fmt::format("\"{}\" is not {}", key, wanted),
                                  .hint = "leave it out when it is not known"});
  }
  void headers(base::Headers& out) {
    const auto* value = present("headers");
    if (!value) return;
    if (!value->is_object()) return wrong("headers", "an object of strings");
    for (auto it = value->begin(); it != value->end(); ++it) {
      const auto& v = it.value();
      if (v.is_array()) {
        for (const auto& each : v) out.add(it.key(), each.is_string() ? each.get_ref<const std::string&>() : base::dump(each));
      } else if (!v.is_null()) {
        out.add(it.key(), v.is_string() ? v.get_ref<const std::string&>() : base::dump(v));
      }
    }
  }
  void body(std::string& out) {
    const auto* value = present("body");
    if (value) out = value->is_string() ? value->get_ref<const std::string&>() : base::dump(*value);
  }
  void status(std::optional<int>& out) {
    std::optional<std::int64_t> status;
    integer(line_, "status", status);
    if (!status) return;
    if (*status < 0 || *status > 999) return wrong("status", "an HTTP status");
    if (*status > 0) out = static_cast<int>(*status);  // 0: there was no reply
  }
  void transport(Failure& failure) {
    const auto* value = present("transport");
    if (!value) return;
    std::string word;
    if (value->is_string()) word = value->get_ref<const std::string&>();
    else if (value->is_object()) word = base::string_or(*value, "close");
    else return wrong("transport", "a word or an object");
    failure.transport = transport_of(word);
    failure.transport_word = word;
    // A FIN that ends a reply is how HTTP/1.0 ends one: only the reply itself shows whether something is missing.
    if (failure.status && failure.transport == TransportError::closed && word == "fin") failure.transport = TransportError::none;
  }
  void now(base::WallTime& out) {
    const auto* value = present("now");
    if (!value) return;
    if (const auto number = base::number_of(*value)) {
      out = base::WallTime{base::from_seconds(*number)};
    } else if (value->is_string()) {
      const auto at = base::parse_rfc3339(value->get_ref<const std::string&>());
      if (at) out = *at;
      else wrong("now", "a time such as 2026-05-04T19:24:56Z");
    } else {
      wrong("now", "a time such as 2026-05-04T19:24:56Z");
    }
  }
  void context(Failure& failure) {
    const auto* value = present("context");
    if (!value) return;
    if (!value->is_object()) return wrong("context", "an object");
    integer(*value, "approx_tokens", failure.approx_tokens);
    integer(*value, "context_length", failure.context_length);
    integer(*value, "num_messages", failure.num_messages);
  }
  void flag(std::string_view key, bool& out) {
    const auto* value = present(key);
    if (!value) return;
    if (value->is_boolean()) out = base::bool_or(line_, key, false);
    else wrong(key, "true or false");
  }

 private:
  const Json& line_;
  base::Error& problems_;
};

std::string error_line(const base::Error& error, std::size_t number) {
  Json answer;
  if (number > 0) answer["line"] = number;
  Json all = Json::array();
  for (const auto& problem : error.problems) {
    Json one{{"what", problem.what}};
    if (!problem.where.empty()) one["where"] = problem.where;
    if (!problem.hint.empty()) one["hint"] = problem.hint;
    all.push_back(std::move(one));
  }
  answer["error"] = error.problems.empty() ? Json{{"what", "unknown"}} : all.front();
  if (all.size() > 1) answer["problems"] = std::move(all);
  return base::dump(answer);
}

std::string answer_line(const Verdict& verdict) {
  Json answer;
  answer["reason"] = std::string(kReasonNames(verdict.reason));
  answer["retry"] = verdict.retry;
  answer["rotate"] = verdict.rotate;
  answer["fallback"] = verdict.fallback;
  answer["compress"] = verdict.compress;
  answer["abort"] = verdict.abort;
  answer["wait_s"] = verdict.wait ? Json(base::seconds(*verdict.wait)) : Json(nullptr);
  answer["hint"] = hint_text(verdict.hint, verdict.wait);
  answer["why"] = verdict.why;
  if (!verdict.message.empty()) answer["message"] = verdict.message;
  return base::dump(answer);
}

}  // namespace

base::Result<Failure> read_failure(std::string_view json_line, base::WallTime now) {
  if (json_line.size() > kClassifyLineMax) {
    return base::problem(fmt::format("the line is longer than {} bytes", kClassifyLineMax), "cut the body: its beginning is enough");
  }
  const auto line = base::parse_wire_json(json_line);
  if (!line) return base::problem("this is not JSON", R"(write one object on the line, such as {"status":402,"body":"Payment Required"})");
  if (!line->is_object()) return base::problem("this is not a JSON object", R"(write one object on the line, such as {"status":402})");
  base::Error problems;
  Input in(*line, problems);
  Failure failure;
  failure.now = now;
  in.text("dialect", failure.dialect);
  if (failure.dialect.empty()) in.text("api", failure.dialect);
  in.text("provider", failure.provider);
  in.text("model", failure.model);
  in.status(failure.status);
  in.headers(failure.headers);
  in.body(failure.body);
  in.text("message", failure.message);
  in.transport(failure);
  in.text("when", failure.when);
  in.flag("after_output", failure.after_output);
  in.flag("error_event", failure.error_event);
  in.now(failure.now);
  in.context(failure);
  if (!problems.problems.empty()) return problems;
  return failure;
}

bool classify_numbered_line(std::string_view json_line, std::size_t number, base::WallTime now, std::string& answer) {
  const auto failure = read_failure(json_line, now);
  answer = failure ? answer_line(classify(failure.value())) : error_line(failure.error(), number);
  return failure.has_value();
}

std::string classify_line(std::string_view json_line, base::WallTime now) {
  std::string answer;
  classify_numbered_line(json_line, 0, now, answer);
  return answer;
}

ClassifyOutput classify_lines(std::string_view text, base::WallTime now) {
  ClassifyOutput output;
  std::size_t number = 0;
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto line = base::trim(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    ++number;
    if (line.empty()) continue;
    output.lines.emplace_back();
    if (!classify_numbered_line(line, number, now, output.lines.back())) output.exit_code = 2;
  }
  return output;
}

}  // namespace gateway
