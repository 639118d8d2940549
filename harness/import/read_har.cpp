// HAR 1.2 (what browsers and proxies save), and single JSON objects.
#include <array>

#include "base/text.h"
#include "harness/import/evidence.h"

namespace harness {
namespace {

using base::Json;

void har_headers(const Json& message, base::Headers& out) {
  const auto* list = base::find(message, "headers");
  if (!list || !list->is_array()) return;
  for (const auto& each : *list) {
    const auto name = base::string_or(each, "name");
    if (!name.empty() && name.front() != ':') out.add(name, base::string_or(each, "value"));
  }
}

Evidence::End har_end(const Json& response) {
  const auto error = base::string_or(response, "_error", base::string_or(response, "_transferError"));
  if (error.empty()) return Evidence::End::complete;
  return end_in_words(base::replace_all(base::lower(error), "_", " ")).value_or(Evidence::End::reset);
}

}  // namespace

std::string from_base64(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    int value = -1;
    if (c >= 'A' && c <= 'Z') value = c - 'A';
    else if (c >= 'a' && c <= 'z') value = c - 'a' + 26;
    else if (c >= '0' && c <= '9') value = c - '0' + 52;
    else if (c == '+' || c == '-') value = 62;
    else if (c == '/' || c == '_') value = 63;
    if (value < 0) continue;
    bits = (bits << 6U) | static_cast<std::uint32_t>(value);
    if (++count % 4 == 0) {
      for (const unsigned shift : {16U, 8U, 0U}) out += static_cast<char>((bits >> shift) & 0xFFU);
      bits = 0;
    }
  }
  if (count % 4 == 2) out += static_cast<char>((bits >> 4U) & 0xFFU);
  if (count % 4 == 3) {
    out += static_cast<char>((bits >> 10U) & 0xFFU);
    out += static_cast<char>((bits >> 2U) & 0xFFU);
  }
  return out;
}

std::vector<Evidence> read_har(const Json& document) {
  std::vector<Evidence> all;
  const auto* entries = base::find_path(document, "log.entries");
  if (!entries || !entries->is_array()) return all;
  for (const auto& entry : *entries) {
    const auto* request = base::find(entry, "request");
    const auto* response = base::find(entry, "response");
    if (!request || !response) continue;
    Evidence found;
    found.method = base::string_or(*request, "method");
    found.url = base::string_or(*request, "url");
    har_headers(*request, found.request_headers);
    if (const auto* posted = base::find_path(*request, "postData.text"); posted && posted->is_string()) found.request_body = posted->get_ref<const std::string&>();
    found.status = static_cast<int>(std::clamp<std::int64_t>(base::integer_or(*response, "status", 0), 0, 599));
    found.reason = base::string_or(*response, "statusText");
    har_headers(*response, found.headers);
    if (const auto* content = base::find(*response, "content")) {
      found.body = base::string_or(*content, "text");
      if (base::string_or(*content, "encoding") == "base64") found.body = from_base64(found.body);
    }
    found.end = har_end(*response);
    if (found.status == 0 && found.end == Evidence::End::complete) found.end = Evidence::End::reset;
    if (const auto* wait = base::find_path(entry, "timings.wait")) found.wait = base::from_seconds(std::max(0.0, base::number_of(*wait).value_or(0)) / 1000);
    // A page's pictures and scripts are no evidence; a provider is asked with a body.
    const bool asked = found.method == "POST" || found.status >= 400 || found.status == 0;
    if (asked) all.push_back(std::move(found));
  }
  return all;
}

std::optional<Evidence> read_object(const Json& object) {
  if (!object.is_object()) return {};
  Evidence found;
  for (const char* key : {"status", "status_code", "statusCode", "http_status", "code"}) {
    const auto* value = base::find(object, key);
    const auto number = value ? base::number_of(*value) : std::nullopt;
    if (found.status == 0 && number && *number >= 100 && *number < 600) found.status = static_cast<int>(*number);
  }
  if (const auto* headers = base::find(object, "headers"); headers && headers->is_object()) {
    for (const auto& [name, value] : headers->items()) found.headers.add(name, value.is_string() ? value.get<std::string>() : base::dump(value));
  }
  if (const auto* body = base::find(object, "body")) {
    if (found.status == 0) return {};
    found.body = body->is_string() ? body->get<std::string>() : base::dump(*body);
    found.url = base::string_or(object, "url");
    return found;
  }
  // An error body alone: its own status, or the status its kind has.
  const auto* error = base::find(object, "error");
  if (!error && !base::find(object, "message") && !base::find(object, "detail")) return {};
  if (error && error->is_object()) {
    for (const char* key : {"code", "status", "http_code"}) {
      const auto* value = base::find(*error, key);
      const auto number = value ? base::number_of(*value) : std::nullopt;
      if (number && *number >= 400 && *number < 600) found.status = static_cast<int>(*number);
    }
    constexpr std::array<std::pair<std::string_view, int>, 9> kTypes{{{"rate_limit", 429}, {"overloaded", 529}, {"authentication", 401}, {"permission", 403}, {"billing", 402},
                                                                       {"not_found", 404}, {"insufficient_quota", 429}, {"api_error", 500}, {"invalid_request", 400}}};
    const auto type = base::string_or(*error, "type") + " " + base::string_or(*error, "code");
    for (const auto& [word, status] : kTypes) {
      if (found.status == 0 && type.find(word) != std::string::npos) found.status = status;
    }
  }
  if (found.status == 0) found.status = 500;
  found.body = base::dump(object);
  return found;
}

}  // namespace harness
