#include "gateway/core/config_document.h"

#include "base/text.h"
#include "gateway/core/settings.h"

namespace gateway {
namespace {

using base::JsonNode;
// A shorter text cannot be a secret, and masking it would garble honest words.
constexpr std::size_t kMaskMin = 4;
constexpr std::size_t kOverrideDepthMax = 12;

bool name_character(char c, bool first) {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  return letter || (!first && c >= '0' && c <= '9');
}

struct Expander {
  const base::JsonDocument& document;
  const Environment& environment;
  bool may_miss;
  std::vector<base::Diagnostic>& problems;
  std::vector<std::string>& values;

  void complain(const JsonNode& node, const std::string& where, std::string what, std::string hint) {
    problems.push_back({document.file, node.line, node.column, node.length, where, std::move(what), std::move(hint), document.line_text(node.line)});
  }

  void text(JsonNode& node, const std::string& where) {
    std::string out;
    const std::string& in = node.string;
    for (std::size_t at = 0; at < in.size();) {
      if (in.compare(at, 3, "$${") == 0) {
        out += "${";
        at += 3;
        continue;
      }
      if (in.compare(at, 2, "${") != 0) {
        out += in[at++];
        continue;
      }
      const auto end = in.find('}', at);
      const auto name = end == std::string::npos ? std::string() : in.substr(at + 2, end - at - 2);
      bool good = !name.empty();
      for (std::size_t i = 0; i < name.size(); ++i) good = good && name_character(name[i], i == 0);
      if (!good) {
        complain(node, where, "this ${…} names no environment variable", "such as ${ACME_KEY}; a plain ${ is written $${");
        return;
      }
      const auto found = environment.find(name);
      if (found == environment.end() || found->second.empty()) {
        if (may_miss) {
          out += in.substr(at, end + 1 - at);
          at = end + 1;
          continue;
        }
        complain(node, where, found == environment.end() ? "the environment has no variable " + name : "the environment variable " + name + " is empty",
                 "set it before the start; under the service manager: in the unit's EnvironmentFile");
        return;
      }
      values.push_back(found->second);
      out += found->second;
      at = end + 1;
    }
    node.string = std::move(out);
  }

  void walk(JsonNode& node, const std::string& where) {
    if (node.kind == JsonNode::Kind::string && node.string.find("${") != std::string::npos) text(node, where);
    for (std::size_t i = 0; i < node.items.size(); ++i) walk(node.items[i], fmt::format("{}/{}", where, i));
    for (auto& member : node.members) walk(member.value, where + "/" + member.key);
  }
};

/// Whether a setting of that path is written as text: then `--set listen=8642` need not be quoted.
bool is_text(const std::vector<std::string>& steps) {
  for (const auto& info : all_settings()) {
    const auto pattern = base::split(info.path, '.');
    if (pattern.size() != steps.size()) continue;
    bool same = true;
    for (std::size_t i = 0; i < steps.size(); ++i) same = same && (pattern[i] == steps[i] || pattern[i] == "NAME" || pattern[i] == "N");
    if (same) return info.text;
  }
  return false;
}

JsonNode value_of(const std::string& text, bool as_text) {
  JsonNode node;
  if (!as_text) {
    auto parsed = base::parse_json_document(text, "");
    if (parsed.has_value()) node = std::move(parsed.value().root);
    else as_text = true;
  }
  if (as_text) {
    node.kind = JsonNode::Kind::string;
    node.string = text;
  }
  return node;
}

void forget_places(JsonNode& node) {
  node.line = node.column = 0;
  for (auto& item : node.items) forget_places(item);
  for (auto& member : node.members) {
    member.line = member.column = 0;
    forget_places(member.value);
  }
}

/// The node at one step further down, made when it is not there; nullptr when the step leads nowhere.
JsonNode* step_into(JsonNode& node, const std::string& step) {
  if (node.kind == JsonNode::Kind::array) {
    const auto index = base::parse_integer(step);
    if (!index || *index < 0 || static_cast<std::size_t>(*index) >= node.items.size()) return nullptr;
    return &node.items[static_cast<std::size_t>(*index)];
  }
  if (node.kind != JsonNode::Kind::object) {
    if (node.kind != JsonNode::Kind::null) return nullptr;
    node.kind = JsonNode::Kind::object;
  }
  for (auto& member : node.members) {
    if (member.key == step) return &member.value;
  }
  node.members.push_back({.key = step});
  return &node.members.back().value;
}

/// A message may show only the beginning of a long word: from kPrefix bytes on, what a text and a secret share is masked.
void mask(std::string& text, const std::string& secret) {
  constexpr std::size_t kPrefix = 8;
  const auto head = secret.substr(0, kPrefix);
  for (auto at = text.find(head); at != std::string::npos; at = text.find(head, at)) {
    std::size_t length = 0;
    while (length < secret.size() && at + length < text.size() && text[at + length] == secret[length]) ++length;
    text.replace(at, length, std::string(length, '*'));
    at += length;
  }
}

/// What stands in quotes after `"secret":` on a line, and everything after it when the quotes do not close.
void mask_after_key(std::string& line, std::string_view key) {
  for (auto at = line.find(key); at != std::string::npos; at = line.find(key, at + 1)) {
    const auto colon = line.find(':', at + key.size());
    const auto open = colon == std::string::npos ? colon : line.find('"', colon);
    if (open == std::string::npos) return;
    auto close = open + 1;
    while (close < line.size() && line[close] != '"') close += line[close] == '\\' ? 2 : 1;
    close = std::min(close, line.size());
    if (line.compare(open, 3, "\"${") == 0) continue;
    for (auto i = open + 1; i < close; ++i) line[i] = '*';
  }
}

}  // namespace

void apply_override(base::JsonDocument& document, const std::string& text, std::vector<base::Diagnostic>& problems,
                    std::vector<std::string>& pointers) {
  const auto complain = [&](std::string what, std::string hint) {
    problems.push_back({.file = "--set", .where = base::printable(text.substr(0, text.find('=')), 100), .what = std::move(what), .hint = std::move(hint)});
  };
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0) return complain("path=value is wanted here", "such as --set listen=127.0.0.1:8642");
  auto path = text.substr(0, equals);
  const bool pointer = path.front() == '/';
  auto steps = base::split(pointer ? path.substr(1) : path, pointer ? '/' : '.');
  if (steps.size() > kOverrideDepthMax || std::find(steps.begin(), steps.end(), "") != steps.end()) {
    return complain("this is no path to a setting", "gateway config --explain lists them");
  }
  if (pointer) {
    for (auto& step : steps) step = base::replace_all(base::replace_all(step, "~1", "/"), "~0", "~");
  }
  JsonNode* node = &document.root;
  for (const auto& step : steps) {
    node = step_into(*node, step);
    if (!node) return complain(fmt::format("there is no \"{}\" on this path", base::printable(step, 60)), "gateway config --explain lists the settings");
  }
  *node = value_of(text.substr(equals + 1), is_text(steps));
  forget_places(*node);
  std::string where;
  for (const auto& step : steps) where += "/" + base::replace_all(base::replace_all(step, "~", "~0"), "/", "~1");
  pointers.push_back(where);
}

void expand_environment(base::JsonDocument& document, const Environment& environment, bool may_miss, std::vector<base::Diagnostic>& problems,
                        std::vector<std::string>& values) {
  Expander{document, environment, may_miss, problems, values}.walk(document.root, "");
}

std::vector<std::string> plain_secrets(const base::JsonDocument& document) {
  std::vector<std::string> out;
  const auto take = [&](const JsonNode& node) {
    if (node.kind == JsonNode::Kind::string && node.string.find("${") == std::string::npos && !node.string.starts_with("sha256:")) out.push_back(node.string);
  };
  if (const auto* keys = document.root.find("caller_keys")) {
    for (const auto& key : keys->items) take(key);
  }
  const auto* providers = document.root.find("providers");
  if (!providers) return out;
  for (const auto& provider : providers->members) {
    const auto* credentials = provider.value.find("credentials");
    if (!credentials) continue;
    for (const auto& credential : credentials->items) {
      if (const auto* secret = credential.find("secret")) take(*secret);
    }
  }
  return out;
}

void mask_secrets(std::vector<base::Diagnostic>& problems, const std::vector<std::string>& secrets) {
  for (auto& problem : problems) {
    for (const auto& secret : secrets) {
      if (secret.size() < kMaskMin) continue;
      for (auto* text : {&problem.where, &problem.what, &problem.hint, &problem.source}) mask(*text, secret);
    }
    mask_after_key(problem.source, "\"secret\"");
  }
}

}  // namespace gateway
