#include "base/redact.h"

#include <array>

#include "base/text.h"

namespace base {
namespace {

bool key_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

struct Shape {
  std::string_view prefix;
  std::size_t length_min;  // characters after the prefix that make it a key and not a word
};
constexpr std::array<Shape, 10> kShapes{{{"sk-", 12},
                                         {"xox", 12},
                                         {"ghp_", 12},
                                         {"gho_", 12},
                                         {"github_pat_", 12},
                                         {"AIza", 20},
                                         {"gsk_", 12},
                                         {"xai-", 12},
                                         {"hf_", 16},
                                         {"AKIA", 12}}};

/// Length of the key-shaped text at `at`; 0 when there is none.
std::size_t shaped_like_key(std::string_view text, std::size_t at) {
  if (at > 0 && key_char(text[at - 1]) && text[at - 1] != '-') return 0;  // inside a word
  for (const auto& shape : kShapes) {
    if (text.substr(at, shape.prefix.size()) != shape.prefix) continue;
    auto end = at + shape.prefix.size();
    while (end < text.size() && key_char(text[end])) ++end;
    if (end - at - shape.prefix.size() >= shape.length_min) return end - at;
  }
  return 0;
}

std::size_t bearer_token(std::string_view text, std::size_t at) {
  constexpr std::string_view kBearer = "Bearer ";
  if (!iequals(text.substr(at, kBearer.size()), kBearer)) return 0;
  auto end = at + kBearer.size();
  while (end < text.size() && (key_char(text[end]) || text[end] == '=' || text[end] == '+' || text[end] == '/')) ++end;
  return end - at - kBearer.size() >= 8 ? end - at : 0;
}

}  // namespace

void Redactor::add(std::string secret, std::string label) {
  if (secret.size() < kSecretMin) return;
  for (const auto& known : secrets_) {
    if (known.first == secret) return;
  }
  secrets_.emplace_back(std::move(secret), std::move(label));
}

std::string Redactor::apply(std::string_view text) const {
  std::string out(text);
  for (const auto& [secret, label] : secrets_) out = replace_all(std::move(out), secret, "[" + label + "]");
  std::string clean;
  clean.reserve(out.size());
  for (std::size_t i = 0; i < out.size();) {
    if (const auto n = bearer_token(out, i)) {
      clean += "Bearer [secret]";
      i += n;
    } else if (const auto m = shaped_like_key(out, i)) {
      clean += "[secret]";
      i += m;
    } else {
      clean += out[i++];
    }
  }
  return clean;
}

std::string Redactor::find(std::string_view text) const {
  for (const auto& [secret, label] : secrets_) {
    if (text.find(secret) != std::string_view::npos) return label;
  }
  return {};
}

}  // namespace base
