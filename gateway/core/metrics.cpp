// The Prometheus text exposition format 0.0.4, as its documentation gives it.
#include "gateway/core/metrics.h"

#include <fmt/format.h>

namespace gateway {
namespace {

void head(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
  out += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

void counter(std::string& out, std::string_view name, std::uint64_t value, std::string_view help) {
  head(out, name, "counter", help);
  out += fmt::format("{} {}\n", name, value);
}

void histogram(std::string& out, std::string_view name, const std::string& labels, const Histogram& h) {
  const std::string comma = labels.empty() ? "" : labels + ",";
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < Histogram::kBounds.size(); ++i) {
    sum += h.counts[i];
    out += fmt::format("{}_bucket{{{}le=\"{}\"}} {}\n", name, comma, Histogram::kBounds[i], sum);
  }
  out += fmt::format("{}_bucket{{{}le=\"+Inf\"}} {}\n", name, comma, h.count);
  const std::string braces = labels.empty() ? "" : "{" + labels + "}";
  out += fmt::format("{}_sum{} {}\n{}_count{} {}\n", name, braces, h.sum, name, braces, h.count);
}

void requests(std::string& out, const Metrics& metrics) {
  head(out, "brownout_requests_total", "counter", "Requests that have ended, by the caller's dialect and the reason of failure.");
  for (std::size_t d = 0; d < kDialectCount; ++d) {
    for (std::size_t r = 0; r < kReasonCount; ++r) {
      if (metrics.requests[d][r] == 0) continue;
      out += fmt::format("brownout_requests_total{{front=\"{}\",reason=\"{}\"}} {}\n", kDialectNames.words[d], kReasonNames.words[r],
                         metrics.requests[d][r]);
    }
  }
  head(out, "brownout_replies_total", "counter", "Replies by class of status.");
  for (std::size_t i = 1; i < metrics.statuses.size(); ++i) {
    if (metrics.statuses[i] > 0) out += fmt::format("brownout_replies_total{{class=\"{}xx\"}} {}\n", i, metrics.statuses[i]);
  }
}

void attempts(std::string& out, const Metrics& metrics) {
  head(out, "brownout_attempts_total", "counter", "Attempts at providers, by reason of failure; none is success.");
  for (const auto& [name, counters] : metrics.providers) {
    for (std::size_t r = 0; r < kReasonCount; ++r) {
      if (counters.attempts[r] == 0) continue;
      out += fmt::format("brownout_attempts_total{{provider=\"{}\",reason=\"{}\"}} {}\n", label_value(name), kReasonNames.words[r],
                         counters.attempts[r]);
    }
  }
  // The names of OpenTelemetry's GenAI conventions, where there is one.
  head(out, "gen_ai_client_token_usage_total", "counter", "Tokens as the providers count them.");
  for (const auto& [name, counters] : metrics.providers) {
    const std::string who = label_value(name);
    out += fmt::format("gen_ai_client_token_usage_total{{gen_ai_provider_name=\"{}\",gen_ai_token_type=\"input\"}} {}\n", who, counters.tokens_in);
    out += fmt::format("gen_ai_client_token_usage_total{{gen_ai_provider_name=\"{}\",gen_ai_token_type=\"output\"}} {}\n", who, counters.tokens_out);
  }
  const auto each = [&](std::string_view name, std::string_view help, Histogram ProviderCounters::*member) {
    head(out, name, "histogram", help);
    for (const auto& [who, counters] : metrics.providers) {
      histogram(out, name, "gen_ai_provider_name=\"" + label_value(who) + "\"", counters.*member);
    }
  };
  each("brownout_upstream_first_byte_seconds", "From the start of an attempt to the head of its reply.", &ProviderCounters::first_byte);
  each("gen_ai_server_time_to_first_token_seconds", "From the start of an attempt to its first content.", &ProviderCounters::first_content);
  each("gen_ai_client_operation_duration_seconds", "Of attempts that succeeded.", &ProviderCounters::duration);
}

}  // namespace

void Histogram::add(base::Duration value) {
  const double s = base::seconds(value);
  std::size_t i = 0;
  while (i < kBounds.size() && s > kBounds[i]) ++i;
  ++counts[i];
  ++count;
  sum += s;
}

std::string label_value(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    out += c;
  }
  return out;
}

std::string prometheus_text(const Metrics& metrics, const std::vector<Gauge>& gauges) {
  std::string out;
  requests(out, metrics);
  attempts(out, metrics);
  head(out, "brownout_request_duration_seconds", "histogram", "From a request's arrival to the end of its reply.");
  histogram(out, "brownout_request_duration_seconds", "", metrics.duration);
  head(out, "brownout_overhead_seconds", "histogram", "The part of it that was neither a provider's nor a wait.");
  histogram(out, "brownout_overhead_seconds", "", metrics.overhead);
  counter(out, "brownout_retries_total", metrics.retries, "Attempts repeated on the same credential.");
  counter(out, "brownout_rotations_total", metrics.rotations, "Attempts moved to another credential of the same provider.");
  counter(out, "brownout_fallbacks_total", metrics.fallbacks, "Attempts moved to another target.");
  counter(out, "brownout_resent_total", metrics.resent, "Attempts sent again because a kept-alive connection was dead.");
  counter(out, "brownout_parked_total", metrics.parked, "Requests that waited for a credential.");
  counter(out, "brownout_clients_gone_total", metrics.gone, "Callers that left before their reply was whole.");
  counter(out, "brownout_refused_total", metrics.refused, "Requests refused by a limit or a drain.");
  counter(out, "brownout_drains_total", metrics.drains, "Drains begun by this process.");
  std::string last;
  for (const Gauge& gauge : gauges) {
    if (gauge.name != last) head(out, gauge.name, "gauge", gauge.help);
    last = gauge.name;
    out += fmt::format("{}{} {}\n", gauge.name, gauge.labels, gauge.value);
  }
  return out;
}

}  // namespace gateway
