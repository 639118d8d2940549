// Tells what the text is, and writes the scenario. What was seen becomes the provider's script; what people saw is theirs to add.
#include "harness/import/import.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/redact.h"
#include "base/text.h"
#include "harness/scenario/loader.h"

namespace harness {
namespace {

using base::Json;
using End = Evidence::End;

constexpr std::size_t kEventsMax = 200;       // of an imported stream
constexpr std::size_t kBodyMax = 64U * 1024U;

struct Found {
  std::vector<Evidence> all;
  std::string kind;
};

/// Fences of Markdown, colours of a terminal and quote marks of a mail are not the evidence's own.
std::string cleaned(std::string_view text) {
  std::string out;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto end = std::min(text.find('\n', at), text.size());
    const auto line = text.substr(at, end - at);
    if (!base::trim(line).starts_with("```")) {
      for (std::size_t i = 0; i < line.size(); ++i) {
        if (line[i] == '\033' && i + 1 < line.size() && line[i + 1] == '[') {
          while (i < line.size() && !((line[i] >= 'A' && line[i] <= 'Z') || (line[i] >= 'a' && line[i] <= 'z'))) ++i;
          continue;
        }
        out += line[i];
      }
      out += '\n';
    }
    at = end + 1;
  }
  return out;
}

bool any_line(std::string_view text, std::initializer_list<std::string_view> starts) {
  std::size_t at = 0;
  while (at < text.size()) {
    for (const auto start : starts) {
      if (text.substr(at).starts_with(start)) return true;
    }
    at = text.find('\n', at);
    if (at == std::string_view::npos) break;
    ++at;
  }
  return false;
}

Found find_evidence(std::string_view text) {
  const auto trimmed = base::trim(text);
  if (const auto json = base::parse_wire_json(trimmed)) {
    if (base::find_path(*json, "log.entries")) return {read_har(*json), "HAR"};
    if (auto one = read_object(*json)) return {{std::move(*one)}, "a JSON object"};
    if (json->is_array()) {
      Found found{{}, "a list of JSON objects"};
      for (const auto& item : *json) {
        if (auto one = read_object(item)) found.all.push_back(std::move(*one));
      }
      if (!found.all.empty()) return found;
    }
  }
  if (any_line(text, {"< HTTP/", "> POST ", "> GET ", "curl: ("})) {
    auto all = read_curl(text);
    const bool replied = std::any_of(all.begin(), all.end(), [](const Evidence& each) { return each.status > 0; });
    // curl's last words alone say less than a status elsewhere in the text.
    if (auto logged = replied ? std::vector<Evidence>{} : read_log(text); !logged.empty() && logged.front().status > 0) return {std::move(logged), "log lines"};
    if (!all.empty()) return {std::move(all), "curl -v output"};
  }
  if (any_line(text, {"HTTP/"})) {
    if (auto all = read_http(text); !all.empty()) return {std::move(all), "a raw HTTP reply"};
  }
  return {read_log(text), "log lines"};
}

std::string host_of(const std::string& url) {
  const auto scheme = url.find("://");
  if (scheme == std::string::npos) return {};
  const auto rest = url.substr(scheme + 3);
  return base::lower(rest.substr(0, rest.find_first_of("/:?")));
}
std::string path_of(const std::string& url) {
  const auto scheme = url.find("://");
  const auto slash = url.find('/', scheme == std::string::npos ? 0 : scheme + 3);
  const auto path = slash == std::string::npos ? std::string() : url.substr(slash);
  return path.substr(0, path.find('?'));
}

/// The personality whose words the evidence has: by host, else by path and headers.
std::string personality_of(const Evidence& evidence) {
  const auto host = host_of(evidence.url);
  constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kHosts{{{"generativelanguage", "gemini"}, {"aiplatform", "vertex"}, {"amazonaws", "bedrock"}, {"x.ai", "xai"},
                                                                                  {"z.ai", "zai"}, {"bigmodel", "zai"}, {"aliyuncs", "dashscope"}, {"hf.co", "huggingface"}, {"azure", "azure"}}};
  for (const auto name : simulator::personality_names()) {
    if (!host.empty() && host.find(name) != std::string::npos) return std::string(name);
  }
  for (const auto& [part, name] : kHosts) {
    if (!host.empty() && host.find(part) != std::string::npos) return std::string(name);
  }
  if (path_of(evidence.url).ends_with("/messages") || evidence.headers.has("anthropic-organization-id") || evidence.request_headers.has("anthropic-version") ||
      evidence.body.find("\"type\":\"error\",\"error\"") != std::string::npos) {
    return "anthropic";
  }
  if (path_of(evidence.url).find(":generateContent") != std::string::npos || path_of(evidence.url).find(":streamGenerateContent") != std::string::npos) return "gemini";
  return "openai";
}

/// Headers of one hop, those the simulator makes itself, and those that name a person or an account.
bool header_left_out(std::string_view name) {
  for (const auto* each : {"connection", "transfer-encoding", "content-length", "keep-alive", "date", "set-cookie", "cookie", "authorization", "proxy-authorization", "x-api-key", "api-key",
                           "x-goog-api-key", "openai-organization", "openai-project", "anthropic-organization-id", "host", "accept-encoding", "content-encoding", "alt-svc", "report-to", "nel",
                           "strict-transport-security", "via", "x-forwarded-for", "x-real-ip"}) {
    if (base::iequals(name, each)) return true;
  }
  return false;
}

/// Everything secret the evidence names itself: credentials of the request, cookies, and keys in the address.
base::Redactor redactor_of(const std::vector<Evidence>& all) {
  base::Redactor redactor;
  for (const auto& evidence : all) {
    for (const auto* headers : {&evidence.request_headers, &evidence.headers}) {
      for (const auto& [name, value] : headers->list) {
        const auto lower = base::lower(name);
        const bool secret = lower.find("auth") != std::string::npos || lower.find("key") != std::string::npos || lower.find("cookie") != std::string::npos || lower.find("token") != std::string::npos;
        if (!secret || lower.find("ratelimit") != std::string::npos || lower == "www-authenticate") continue;
        const auto space = value.find(' ');
        redactor.add(space == std::string::npos ? value : value.substr(space + 1), "secret");
      }
    }
    const auto query = evidence.url.find("key=");
    if (query != std::string::npos) redactor.add(evidence.url.substr(query + 4, evidence.url.find('&', query) - query - 4), "secret");
  }
  return redactor;
}

bool is_stream(const Evidence& evidence) {
  return evidence.headers.get("content-type").starts_with("text/event-stream") || evidence.body.starts_with("data:") || evidence.body.starts_with("event:");
}

class Writer {
 public:
  Writer(std::vector<Evidence> all, std::string kind, const ImportOptions& options) : all_(std::move(all)), kind_(std::move(kind)), options_(options), redactor_(redactor_of(all_)) {}

  Imported write() {
    keep_one_provider();
    keep_what_fits();
    const auto& first = all_.front();
    const auto like = personality_of(first);
    Imported made{.name = name(first), .kind = kind_};
    Json scenario{{"version", 1}, {"title", title(first)}, {"why", why(first)}};
    if (!options_.origin.empty()) scenario["origin"] = Json::array({redactor_.apply(options_.origin)});
    scenario["tags"] = tags(first);
    scenario["providers"] = {{provider_, provider(like)}};
    scenario["gateway"] = {{"routes", {{"default", Json::array({provider_ + "/" + model(first)})}}}};
    scenario["steps"] = steps();
    scenario["expect"] = Json::array({Json{{"check", "gateway.survives"}}});
    if (all_.size() > 1) scenario["unused_faults"] = "imported: a gateway may leave a failing provider before every reply was asked for";
    made.scenario = base::dump_pretty(scenario) + "\n";
    made.notes = std::move(notes_);
    return made;
  }

 private:
  void keep_one_provider() {
    const auto host = host_of(all_.front().url);
    const auto before = all_.size();
    std::erase_if(all_, [&](const Evidence& each) { return host_of(each.url) != host; });
    if (all_.size() < before) notes_.push_back(fmt::format("{} exchanges with other hosts than {} were left out", before - all_.size(), host));
  }

  void keep_what_fits() {
    // A client that tries again shows the same reply again; once is enough, the gateway will ask as often as it likes.
    std::vector<Evidence> kept;
    for (auto& each : all_) {
      const bool same = !kept.empty() && kept.back().status == each.status && kept.back().body == each.body && kept.back().end == each.end;
      if (!same) kept.push_back(std::move(each));
    }
    if (kept.size() < all_.size()) notes_.push_back(fmt::format("{} repetitions of the same reply became one", all_.size() - kept.size()));
    if (kept.size() > kEvidenceMax) {
      notes_.push_back(fmt::format("only the first {} of {} different replies were taken", kEvidenceMax, kept.size()));
      kept.resize(kEvidenceMax);
    }
    all_ = std::move(kept);
  }

  static std::string what(const Evidence& evidence) {
    constexpr std::array<std::string_view, 7> kEnds{"answers", "breaks off", "resets the connection", "cannot be reached", "does not answer", "closes without an answer", "shows a certificate that does not verify"};
    const auto how = kEnds[static_cast<std::size_t>(evidence.end)];
    if (evidence.status == 0) return std::string(how);
    const auto stream = is_stream(evidence) ? " stream" : "";
    if (evidence.end != End::complete) return fmt::format("answers {} and {}", evidence.status, how);
    return fmt::format("answers {}{}", evidence.status, stream);
  }
  static std::string name(const Evidence& evidence) {
    constexpr std::array<std::string_view, 7> kEnds{"", "-cut", "-reset", "-refused", "-timeout", "-empty", "-tls"};
    return "imported" + (evidence.status > 0 ? fmt::format("-{}", evidence.status) : std::string()) + std::string(kEnds[static_cast<std::size_t>(evidence.end)]);
  }
  std::string title(const Evidence& first) const { return fmt::format("A provider that {}{}", what(first), all_.size() > 1 ? fmt::format(", and {} more replies", all_.size() - 1) : ""); }
  std::string why(const Evidence& first) const {
    return fmt::format("Imported from {}: the provider {}. Say here what people saw, and add to \"expect\" what they should have seen.", kind_, what(first));
  }

  static Json tags(const Evidence& first) {
    Json tags = Json::array();
    if (first.status == 402) tags.push_back("billing");
    if (first.status == 429) tags.push_back("rate-limit");
    if (first.status == 401 || first.status == 403) tags.push_back("auth");
    if (first.status == 503 || first.status == 529) tags.push_back("overload");
    else if (first.status >= 500) tags.push_back("server-error");
    if (is_stream(first)) tags.push_back("stream");
    if (first.end == End::cut || first.end == End::reset) tags.push_back("cut");
    if (first.end == End::timeout) tags.push_back("timeout");
    if (first.end == End::tls) tags.push_back("tls");
    if (first.end == End::refused || first.end == End::empty) tags.push_back("network");
    return tags;
  }

  std::string model(const Evidence& evidence) const {
    const auto json = base::parse_wire_json(evidence.request_body);
    auto model = json ? base::string_or(*json, "model") : std::string();
    // "vendor/model" would be taken for a provider of the configuration.
    if (const auto slash = model.rfind('/'); slash != std::string::npos) model = model.substr(slash + 1);
    const bool plain = !model.empty() && model.size() <= 80 && std::all_of(model.begin(), model.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == ':';
    });
    return plain ? model : "gpt-test";
  }

  Json provider(const std::string& like) {
    Json provider{{"like", like}, {"credentials", Json::array()}};
    // A reply may cost a key; with one more key than replies each of them is asked for.
    const auto keys = all_.size() == 1 ? std::size_t{1} : all_.size() + 1;
    for (std::size_t i = 0; i < keys; ++i) provider["credentials"].push_back(fmt::format("key-{}", static_cast<char>('a' + i)));
    Json script = Json::array();
    for (const auto& evidence : all_) {
      auto rule = evidence.status > 0 ? Json{{"plan", plan(evidence)}} : Json{{"fault", fault(evidence)}};
      if (all_.size() > 1) rule["times"] = 1;
      script.push_back(std::move(rule));
    }
    provider["script"] = std::move(script);
    return provider;
  }

  static std::string fault(const Evidence& evidence) {
    switch (evidence.end) {
      case End::refused: return "refused";
      case End::timeout: return "hang-before-headers";
      case End::empty:
      case End::cut: return "cut-before-headers-fin";
      case End::tls: return "tls-unknown-ca";
      default: return "cut-before-headers-rst";
    }
  }

  Json plan(const Evidence& evidence) {
    Json steps = Json::array();
    constexpr base::Duration kWaitWorth = std::chrono::milliseconds{500}, kWaitMax = std::chrono::minutes{1};
    if (evidence.wait >= kWaitWorth) steps.push_back({{"wait", base::format_duration(std::chrono::duration_cast<std::chrono::milliseconds>(std::min(evidence.wait, kWaitMax)))}});
    steps.push_back({{"status", evidence.status}});
    Json headers = Json::object();
    std::size_t left_out = 0;
    for (const auto& [header, value] : evidence.headers.list) {
      if (header_left_out(header)) ++left_out;
      else headers[base::lower(header)] = redactor_.apply(base::printable(value, 1000));
    }
    if (left_out > 0) notes_.push_back(fmt::format("{} headers of the connection or of an account were left out", left_out));
    if (!headers.contains("content-type")) headers["content-type"] = is_stream(evidence) ? "text/event-stream" : evidence.body.starts_with('<') ? "text/html" : "application/json";
    steps.push_back({{"headers", std::move(headers)}});
    is_stream(evidence) ? events(evidence, steps) : body(evidence, steps);
    return steps;
  }

  void events(const Evidence& evidence, Json& steps) {
    steps.push_back({{"framing", "chunked"}});
    auto text = redactor_.apply(base::to_valid_utf8(base::replace_all(evidence.body, "\r\n", "\n")));
    std::size_t events = 0;
    while (!text.empty() && events < kEventsMax) {
      const auto end = text.find("\n\n");
      const bool whole = end != std::string::npos;
      auto event = whole ? text.substr(0, end + 2) : text + (evidence.end == End::complete ? "\n\n" : "");
      text = whole ? text.substr(end + 2) : "";
      if (!base::trim(event).empty()) steps.push_back({{"event", std::move(event)}});
      ++events;
    }
    if (!text.empty()) notes_.push_back(fmt::format("the stream goes on after the first {} events; the rest was left out", kEventsMax));
    ending(evidence, steps);
  }

  void body(const Evidence& evidence, Json& steps) {
    auto text = redactor_.apply(base::to_valid_utf8(evidence.body));
    if (text != evidence.body) notes_.push_back("keys, or bytes that are no text, were taken out of a body");
    if (text.size() > kBodyMax) {
      text = base::shorten(text, kBodyMax);
      notes_.push_back(fmt::format("a body was cut to {} KiB", kBodyMax / 1024));
    }
    const auto json = base::parse_wire_json(text);
    steps.push_back({{"body", json && json->is_object() ? *json : Json(text)}});
    if (evidence.end != End::complete) {
      // More is promised than comes.
      for (Json step : {Json{{"framing", "length"}}, Json{{"length", 64}}, Json{{"rest", true}}}) steps.push_back(std::move(step));
    }
    ending(evidence, steps);
  }

  static void ending(const Evidence& evidence, Json& steps) {
    if (evidence.end == End::reset) steps.push_back({{"rst", true}});
    else if (evidence.end == End::timeout) steps.push_back({{"hold", true}});
    else if (evidence.end != End::complete) steps.push_back({{"fin", true}});
  }

  Json steps() {
    Json steps = Json::array();
    std::size_t number = 0;
    for (const auto& evidence : all_) {
      const auto request = base::parse_wire_json(evidence.request_body);
      Json send{{"text", "ping"}};
      // What the person asked is theirs; a gateway that fails on a reply fails on any text.
      if (const auto path = path_of(evidence.url); path.ends_with("/responses")) send["api"] = "responses";
      else if (path.ends_with("/messages")) send["api"] = "messages";
      else if (path.ends_with("/embeddings")) send["api"] = "embeddings";
      if (is_stream(evidence) || (request && base::bool_or(*request, "stream", false))) send["stream"] = true;
      if (base::string_or(send, "api") == "embeddings") send.erase("stream");
      steps.push_back({{"send", std::move(send)}, {"as", ++number == 1 ? "first" : fmt::format("next-{}", number)}});
    }
    if (all_.size() == 1 && !all_.front().request_body.empty()) notes_.push_back("the text of the request was not taken over; the scenario asks \"ping\"");
    return steps;
  }

  std::vector<Evidence> all_;
  std::string kind_;
  const ImportOptions& options_;
  base::Redactor redactor_;
  std::string provider_ = "acme";
  std::vector<std::string> notes_;
};

}  // namespace

base::Result<Imported> import_evidence(std::string_view text, const ImportOptions& options) {
  if (text.size() > kEvidenceTextMax) return base::problem(fmt::format("{} MiB are the most that can be imported", kEvidenceTextMax >> 20U), "cut the text to the exchange that failed", options.file);
  auto found = find_evidence(cleaned(text));
  if (found.all.empty()) {
    return base::problem("no exchange with a provider was found in it",
                         "paste curl -v output, a HAR file, a raw HTTP reply, or a log line with the status and the body, such as: Error code: 402 - {'error': {'message': 'Payment Required'}}", options.file);
  }
  auto made = Writer(std::move(found.all), std::move(found.kind), options).write();
  // What is handed out must load: better a problem here than a file that looks finished.
  if (const auto loaded = parse_scenario(made.scenario, made.name + ".json"); loaded.has_error()) return loaded.error();
  return made;
}

}  // namespace harness
