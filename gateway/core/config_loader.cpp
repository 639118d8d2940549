#include "gateway/core/config_loader.h"

#include <set>

#include "base/json_reader.h"
#include "base/text.h"
#include "gateway/core/config_document.h"
#include "gateway/core/settings.h"

namespace gateway {
namespace {

using base::JsonNode;
using base::JsonReader;

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};

constexpr std::size_t kListMax = 10'000;

bool valid_address(std::string_view text) {
  const auto colon = text.rfind(':');
  const auto port = base::parse_integer(text.substr(colon == std::string_view::npos ? 0 : colon + 1));
  return port && *port >= 0 && *port <= 65535;
}

bool loopback(std::string_view host) {
  return host.empty() || host == "localhost" || host.starts_with("127.") || host == "[::1]" || host == "::1";
}

std::string_view host_of_address(std::string_view text) {
  const auto colon = text.rfind(':');
  return colon == std::string_view::npos ? std::string_view{} : text.substr(0, colon);
}

std::string_view host_of_url(std::string_view url) {
  auto rest = url.substr(url.find("://") + 3);
  rest = rest.substr(0, rest.find_first_of("/?#"));
  if (rest.starts_with("[")) return rest.substr(0, rest.find(']') + 1);
  return rest.substr(0, rest.find(':'));
}

/// What is wrong with a provider's URL; empty when nothing is.
std::string url_fault(std::string_view url) {
  const auto scheme = url.starts_with("https://") ? 8U : url.starts_with("http://") ? 7U : 0U;
  if (scheme == 0) return "a provider's address begins with https:// or http://";
  const auto authority = url.substr(scheme, url.find_first_of("/?#", scheme) - scheme);
  if (authority.find('@') != std::string_view::npos) return "no user or password here: a key belongs into \"credentials\"";
  if (authority.empty() || authority.starts_with(":")) return "the host is missing";
  const auto colon = authority.rfind(':');
  if (colon != std::string_view::npos && authority.back() != ']' && !valid_address(authority)) return "this is no port";
  if (url.find_first_of("?#") != std::string_view::npos) return "a provider's address ends with its path: no ? and no #";
  return {};
}

class Loader {
 public:
  Loader(const base::JsonDocument& document, const Environment& environment, std::vector<base::Diagnostic>& problems, LoadedConfig& out)
      : environment_(environment), problems_(problems), out_(out), root_(document, problems) {}

  void run() {
    auto& config = out_.config;
    config.state = kStateDefault;
    root_.ignore("$schema");
    read(root_, config, root_settings());
    if (config.state == "off") config.state.clear();
    if (auto in = root_.object("retry")) section(*in, config.retry, retry_settings());
    if (auto in = root_.object("limits")) section(*in, config.limits, limit_settings());
    if (auto in = root_.object("restart")) section(*in, config.restart, restart_settings());
    if (auto in = root_.object("respawn")) section(*in, config.respawn, respawn_settings());
    for (auto& entry : root_.map("providers", true)) read_provider(entry);
    read_routes();
    root_.done();
    across();
  }

 private:
  const Environment& environment_;
  std::vector<base::Diagnostic>& problems_;
  LoadedConfig& out_;
  JsonReader root_;

  template <class Owner>
  void section(JsonReader& in, Owner& owner, std::span<const Setting<Owner>> settings) {
    read(in, owner, settings);
    in.done();
  }

  template <class Owner>
  void read(JsonReader& in, Owner& owner, std::span<const Setting<Owner>> settings) {
    std::map<std::string, std::optional<JsonReader>> nested;
    for (const auto& setting : settings) {
      const auto dot = setting.key.find('.');
      if (dot == std::string_view::npos) {
        read_one(in, setting.key, owner, setting);
        continue;
      }
      const std::string group(setting.key.substr(0, dot));
      auto at = nested.find(group);
      if (at == nested.end()) at = nested.emplace(group, in.object(group)).first;
      if (at->second) read_one(*at->second, setting.key.substr(dot + 1), owner, setting);
    }
    for (auto& [name, reader] : nested) {
      if (reader) reader->done();
    }
  }

  template <class Owner>
  void read_one(JsonReader& in, std::string_view key, Owner& owner, const Setting<Owner>& s) {
    const auto low = static_cast<std::int64_t>(s.low), high = static_cast<std::int64_t>(s.high);
    std::visit(Overloaded{
                   [&](std::string Owner::*m) { owner.*m = text(in, key, owner.*m, s.form, s.low, s.high, s.required); },
                   [&](base::Duration Owner::*m) {
                     owner.*m = in.duration(key, {.min = base::from_seconds(s.low), .max = base::from_seconds(s.high), .otherwise = owner.*m});
                   },
                   [&](std::int64_t Owner::*m) { owner.*m = in.integer(key, {.min = low, .max = high, .otherwise = owner.*m}); },
                   [&](int Owner::*m) { owner.*m = static_cast<int>(in.integer(key, {.min = low, .max = high, .otherwise = owner.*m})); },
                   [&](std::size_t Owner::*m) {
                     owner.*m = static_cast<std::size_t>(in.integer(key, {.min = low, .max = high, .otherwise = static_cast<std::int64_t>(owner.*m)}));
                   },
                   [&](double Owner::*m) { owner.*m = in.number(key, {.min = s.low, .max = s.high, .otherwise = owner.*m}); },
                   [&](bool Owner::*m) { owner.*m = in.boolean(key, owner.*m); },
                   [&](std::vector<std::string> Owner::*m) { owner.*m = key_list(in, key); },
                   [&](std::map<std::string, std::string> Owner::*m) { owner.*m = text_map(in, key); },
                   [&](std::map<std::string, std::int64_t> Owner::*m) { owner.*m = number_map(in, key, low, high); },
                   [&](Dialect Owner::*m) {
                     const std::span<const std::string_view> words(kDialectNames.words.data(), kUpstreamDialects);
                     owner.*m = static_cast<Dialect>(in.one_of(key, words, s.required ? std::nullopt : std::optional<std::size_t>(0)));
                   },
                   [&](Strategy Owner::*m) { owner.*m = static_cast<Strategy>(in.one_of(key, kStrategyNames.words, static_cast<std::size_t>(owner.*m))); },
                   [&](Commit Owner::*m) { owner.*m = static_cast<Commit>(in.one_of(key, kCommitNames.words, static_cast<std::size_t>(owner.*m))); },
               },
               s.member);
  }

  std::string text(JsonReader& in, std::string_view key, const std::string& otherwise, Form form, double low, double high, bool required) {
    if (form == Form::level) return std::string(kLogLevels[in.one_of(key, kLogLevels, 1)]);
    const auto count = problems_.size();
    auto value = in.string(key, {.min = static_cast<std::size_t>(low),
                                 .max = static_cast<std::size_t>(high),
                                 .otherwise = required ? std::nullopt : std::optional(otherwise)});
    if (problems_.size() != count || !in.has(key)) return form == Form::path || form == Form::optional_path ? home(in, key, value) : value;
    if (form == Form::address || (form == Form::address_or_off && value != "off")) {
      if (!value.empty() && !valid_address(value)) in.problem(key, fmt::format("\"{}\" is no address", base::printable(value, 80)), "such as 127.0.0.1:8642");
    } else if (form == Form::url) {
      if (auto fault = url_fault(value); !fault.empty()) in.problem(key, std::move(fault), "such as https://api.acme.example/v1");
      while (value.ends_with("/")) value.pop_back();
    } else if (form == Form::secret) {
      if (value.find_first_of("\r\n\t ") != std::string::npos) in.problem(key, "a key holds no blanks and no line ends");
    } else if (form == Form::path || form == Form::optional_path) {
      return home(in, key, value);
    }
    return value;
  }

  std::string home(JsonReader& in, std::string_view key, const std::string& path) {
    if (!path.starts_with("~/")) {
      if (path.starts_with("~")) in.problem(key, "only ~/ is understood, not another user's home");
      return path;
    }
    const auto found = environment_.find("HOME");
    if (found == environment_.end() || found->second.empty()) {
      in.problem(key, fmt::format("the path of \"{}\" begins with ~/, but the environment has no HOME", key), "write the whole path");
      return path;
    }
    return found->second + path.substr(1);
  }

  std::vector<std::string> key_list(JsonReader& in, std::string_view key) {
    auto list = in.strings(key, kListMax);
    for (const auto& each : list) {
      const bool hash = each.starts_with("sha256:");
      if (each.empty()) in.problem(key, "a caller's key is empty");
      else if (hash && (each.size() != 71 || each.find_first_not_of("0123456789abcdef", 7) != std::string::npos)) {
        in.problem(key, "sha256: is followed by 64 small hex digits", "printf %s KEY | sha256sum");
      }
    }
    return list;
  }

  const JsonNode* object_node(JsonReader& in, std::string_view key) {
    const auto* node = in.raw(key);
    if (node && node->kind != JsonNode::Kind::object) in.problem(key, "an object is wanted here: name → value");
    return node && node->kind == JsonNode::Kind::object ? node : nullptr;
  }

  std::map<std::string, std::string> text_map(JsonReader& in, std::string_view key) {
    std::map<std::string, std::string> out;
    const auto* node = object_node(in, key);
    if (!node) return out;
    for (const auto& [name, line, column, value] : node->members) {
      const auto where = fmt::format("{}/{}/{}", in.pointer(), key, name);
      const bool token = !name.empty() && name.find_first_of(" \t\r\n:\"(),/;<=>?@[\\]{}") == std::string::npos;
      if (!token) in.problem_at(value, where, "this is no name of a header");
      else if (value.kind != JsonNode::Kind::string) in.problem_at(value, where, "text is wanted here");
      else if (value.string.find_first_of("\r\n") != std::string::npos) in.problem_at(value, where, "a header holds no line end");
      else out[name] = value.string;
    }
    return out;
  }

  std::map<std::string, std::int64_t> number_map(JsonReader& in, std::string_view key, std::int64_t low, std::int64_t high) {
    std::map<std::string, std::int64_t> out;
    const auto* node = object_node(in, key);
    if (!node) return out;
    for (const auto& member : node->members) {
      const auto& value = member.value;
      if (value.kind != JsonNode::Kind::integer || value.integer_overflow || value.integer < low || value.integer > high) {
        in.problem_at(value, fmt::format("{}/{}/{}", in.pointer(), key, member.key), fmt::format("a whole number ({} to {}) is wanted here", low, high));
      } else {
        out[member.key] = value.integer;
      }
    }
    return out;
  }

  void read_provider(JsonReader::Entry& entry) {
    auto& in = entry.reader;
    ProviderConfig provider;
    provider.name = entry.name;
    if (entry.name.empty() || entry.name.size() > 100 || entry.name.find_first_of("/ \t\r\n\"") != std::string::npos) {
      in.problem("", "a provider's name has 1 to 100 characters, no blank and no slash", "routes say \"provider/model\"");
    }
    read(in, provider, provider_settings());
    if (auto timeouts = in.object("timeouts")) section(*timeouts, provider.timeouts, timeout_settings());
    std::set<std::string> labels, secrets;
    for (auto& item : in.objects("credentials", false, 1'000)) {
      CredentialConfig credential;
      read(item, credential, credential_settings());
      if (!credential.label.empty() && !labels.insert(credential.label).second) {
        item.problem("label", fmt::format("a second credential is called \"{}\"", base::printable(credential.label, 80)));
      }
      if (!credential.secret.empty() && !secrets.insert(credential.secret).second) {
        warn(item, "secret", "the same key stands here under two labels", "both count as one key");
      }
      item.done();
      provider.credentials.push_back(std::move(credential));
    }
    if (url_fault(provider.url).empty() && provider.url.starts_with("http://") && !loopback(host_of_url(provider.url)) && !provider.credentials.empty()) {
      warn(in, "url", "keys travel to this host unencrypted", "use https:// unless the network is yours");
    }
    in.done();
    out_.config.providers.push_back(std::move(provider));
  }

  void read_routes() {
    auto& routes = out_.config.routes;
    const auto* node = root_.raw("routes");
    if (node && node->kind != JsonNode::Kind::object) return root_.problem("routes", "an object is wanted here: name → targets");
    if (!node || node->members.empty()) {
      return root_.problem("routes", "there is no route: which provider and model should requests go to?", "such as \"routes\": {\"default\": [\"acme/gpt-x\"]}");
    }
    auto in = root_.reader_of(*node, "/routes");
    for (const auto& member : node->members) {
      if (node->find(member.key) != &member.value) continue;  // a duplicate, reported already
      Route route;
      route.name = member.key;
      if (member.value.kind == JsonNode::Kind::object) {
        auto object = in.reader_of(member.value, "/routes/" + member.key);
        read(object, route, route_settings());
        const auto* targets = object.raw("targets", true);
        if (targets) read_targets(object, *targets, object.pointer() + "/targets", route);
        object.done();
      } else {
        read_targets(in, member.value, "/routes/" + member.key, route);
      }
      routes.push_back(std::move(route));
    }
    const auto has_default = std::any_of(routes.begin(), routes.end(), [](const auto& r) { return r.name == "default"; });
    if (!has_default) {
      auto copy = routes.front();
      copy.name = "default";
      routes.push_back(std::move(copy));
    }
  }

  void read_targets(JsonReader& in, const JsonNode& list, const std::string& where, Route& route) {
    if (list.kind != JsonNode::Kind::array) return in.problem_at(list, where, "a list of \"provider/model\" is wanted here");
    if (list.items.empty()) return in.problem_at(list, where, "a route needs at least one target", "such as [\"acme/gpt-x\"]");
    for (std::size_t i = 0; i < list.items.size(); ++i) {
      const auto& item = list.items[i];
      const auto at = fmt::format("{}/{}", where, i);
      const auto slash = item.string.find('/');
      if (item.kind != JsonNode::Kind::string || slash == std::string::npos || slash == 0 || slash + 1 == item.string.size()) {
        in.problem_at(item, at, "a target is \"provider/model\"");
        continue;
      }
      Target target{item.string.substr(0, slash), item.string.substr(slash + 1)};
      std::vector<std::string> names;
      for (const auto& provider : out_.config.providers) names.push_back(provider.name);
      if (std::find(names.begin(), names.end(), target.provider) == names.end()) {
        const auto near = base::nearest_word(target.provider, std::span<const std::string>(names));
        in.problem_at(item, at, fmt::format("no provider is called \"{}\"", base::printable(target.provider, 80)),
                      near ? "did you mean \"" + *near + "\"?" : names.empty() ? "" : "there are: " + base::join(names, ", "));
        continue;
      }
      route.targets.push_back(std::move(target));
    }
  }

  void warn(JsonReader& in, std::string_view key, std::string what, std::string hint) {
    in.problem(key, std::move(what), std::move(hint));
    out_.warnings.push_back(std::move(problems_.back()));
    problems_.pop_back();
  }

  void across() {
    const auto& c = out_.config;
    if (c.retry.backoff_base > c.retry.backoff_max) root_.problem("retry", "backoff.base is longer than backoff.max");
    if (c.respawn.pause > c.respawn.pause_max) root_.problem("respawn", "pause is longer than pause_max");
    if (c.admin == c.listen && !c.listen.ends_with(":0")) root_.problem("admin", "\"admin\" and \"listen\" are the same address");
    if (!loopback(host_of_address(c.listen)) && c.caller_keys.empty()) {
      warn(root_, "listen", "anybody who reaches this address may spend your keys", "list \"caller_keys\", or listen on 127.0.0.1");
    }
    if (c.admin != "off" && !loopback(host_of_address(c.admin))) {
      warn(root_, "admin", "the admin port asks for no key and can be reached from elsewhere", "keep it on 127.0.0.1");
    }
    if (root_.has("providers") && c.providers.empty() && problems_.empty()) root_.problem("providers", "there is no provider");
  }
};

}  // namespace

base::Result<LoadedConfig> load_config(base::JsonDocument document, const Environment& environment, const LoadOptions& options) {
  std::vector<base::Diagnostic> problems;
  std::vector<std::string> pointers;
  for (const auto& text : options.overrides) apply_override(document, text, problems, pointers);
  LoadedConfig out;
  auto secrets = plain_secrets(document);
  out.plain_secrets = !secrets.empty();
  expand_environment(document, environment, options.variables_may_miss, problems, secrets);
  Loader(document, environment, problems, out).run();
  for (auto* list : {&problems, &out.warnings}) {
    for (auto& each : *list) {
      const auto of_override = [&](const std::string& pointer) { return each.line == 0 && (each.where == pointer || each.where.starts_with(pointer + "/")); };
      if (std::any_of(pointers.begin(), pointers.end(), of_override)) each.file = "--set";
    }
    mask_secrets(*list, secrets);
  }
  std::stable_sort(problems.begin(), problems.end(), [](const auto& a, const auto& b) { return a.line < b.line; });
  if (!problems.empty()) return base::Error{std::move(problems)};
  return out;
}

base::Result<LoadedConfig> load_config_text(std::string text, std::string file, const Environment& environment, const LoadOptions& options) {
  auto document = base::parse_json_document(std::move(text), std::move(file));
  if (document.has_value()) return load_config(std::move(document.value()), environment, options);
  auto error = document.error();
  mask_secrets(error.problems, {});
  return error;
}

}  // namespace gateway
