#include "simulator/core/request.h"

#include <utility>

#include "base/json_cursor.h"
#include "base/text.h"

namespace simulator {
namespace {

std::string_view query_value(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto pair = query.substr(0, end);
    if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=') return pair.substr(name.size() + 1);
    if (end == std::string_view::npos) break;
    query.remove_prefix(end + 1);
  }
  return {};
}

/// "…/models/gemini-2.5-pro:streamGenerateContent" and "/openai/deployments/D/…".
std::string model_in_path(std::string_view path) {
  if (const auto at = path.find("/deployments/"); at != std::string_view::npos) {
    const auto rest = path.substr(at + 13);
    return std::string(rest.substr(0, rest.find('/')));
  }
  if (const auto at = path.rfind("/models/"); at != std::string_view::npos) {
    const auto rest = path.substr(at + 8);
    return std::string(rest.substr(0, rest.find(':')));
  }
  return {};
}

/// A string without escapes; the tree reads others.
bool take_word(base::JsonCursor& in, std::string& word) {
  std::string_view raw;
  if (in.peek() != '"' || !in.string(raw) || raw.find('\\') != std::string_view::npos) return false;
  word = raw;
  return true;
}

/// A list that is not empty.
bool skip_items(base::JsonCursor& in) {
  bool any = false;
  if (!in.enter_array()) return false;
  for (; in.next_item(); any = true) {
    if (!in.skip_value()) return false;
  }
  return any && in.ok();
}

}  // namespace

std::optional<PlainBody> read_plain_body(std::string_view body) {
  if (body.empty() || body.front() != '{' || !base::valid_utf8(body)) return std::nullopt;
  base::JsonCursor in(body);
  PlainBody plain;
  base::Once once;
  in.enter_object();
  for (std::string_view key; in.next_key(key);) {
    bool known = false;
    if (key == "model") {
      known = once(1) && take_word(in, plain.model) && !plain.model.empty();
    } else if (key == "messages") {
      known = once(2) && skip_items(in);
    } else if (key == "stream") {
      known = once(4) && in.boolean(plain.stream);
    } else if (key == "max_tokens" || key == "max_completion_tokens") {
      auto& max = key == "max_tokens" ? plain.tokens_max : plain.completion_tokens_max;
      known = once(8) && in.integer(max) && max > 0;
    } else if (key == "user" || key == "prompt_cache_key") {
      known = once(16) && take_word(in, plain.session);
    } else if (key == "temperature" || key == "top_p") {
      known = in.skip_value();
    }
    if (!known) return std::nullopt;
  }
  if (!in.at_end() || !once.all(3)) return std::nullopt;
  return plain;
}

base::Json* BodyTree::of(const std::string& body) const {
  if (!std::exchange(read_, true) && !body.empty()) json_ = base::parse_wire_json(body);
  return json_ ? &*json_ : nullptr;
}

std::string credential_of(const ProviderRequest& request) {
  if (const auto value = request.headers.find("authorization")) {
    constexpr std::string_view kBearer = "Bearer ";
    if (value->size() > kBearer.size() && base::iequals(value->substr(0, kBearer.size()), kBearer)) {
      return std::string(base::trim(value->substr(kBearer.size())));
    }
  }
  for (const auto* name : {"x-api-key", "api-key", "x-goog-api-key"}) {
    if (const auto value = request.headers.find(name); value && !value->empty()) return std::string(*value);
  }
  return std::string(query_value(request.query, "key"));
}

void interpret(ProviderRequest& request) {
  request.secret = credential_of(request);
  request.model = model_in_path(request.path);
  request.plain = read_plain_body(request.body);
  if (request.plain) {
    if (request.model.empty()) request.model = request.plain->model;
    request.stream = request.plain->stream;
    request.session = request.plain->session;
  } else if (const auto* tree = request.json(); tree != nullptr && tree->is_object()) {
    const auto& json = *tree;
    if (request.model.empty()) request.model = base::string_or(json, "model");
    request.stream = base::bool_or(json, "stream", false);
    for (const auto* key : {"user", "metadata.user_id", "prompt_cache_key"}) {
      const auto* value = base::find_path(json, key);
      if (value && value->is_string() && request.session.empty()) request.session = value->get<std::string>();
    }
  }
  if (request.path.ends_with(":streamGenerateContent")) request.stream = true;
  if (request.session.empty()) request.session = request.headers.get("x-session-id");
}

}  // namespace simulator
