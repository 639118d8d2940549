#include "gateway/wire/tokens.h"

namespace gateway {
namespace {

using base::Json;

struct Tally {
  std::int64_t bytes = 0, pictures = 0;
};

bool is_picture(std::string_view type) { return type == "image" || type == "image_url" || type == "input_image"; }

/// All strings below `value`; data of pictures and files is not text.
void add_text(const Json& value, Tally& tally) {
  if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    if (!text.starts_with("data:")) tally.bytes += static_cast<std::int64_t>(text.size());
    return;
  }
  if (value.is_object()) {
    const auto type = base::string_or(value, "type");
    if (is_picture(type)) {
      ++tally.pictures;
      return;
    }
    const bool source = type == "base64";
    for (auto it = value.begin(); it != value.end(); ++it) {
      if (it.key() == "type" || it.key() == "role" || it.key() == "id" || it.key() == "signature" || (source && it.key() == "data")) continue;
      add_text(it.value(), tally);
    }
    return;
  }
  if (value.is_array()) {
    for (const auto& item : value) add_text(item, tally);
  }
}

}  // namespace

std::int64_t text_tokens(std::int64_t bytes, std::int64_t messages) { return (bytes + 3) / 4 + messages * kMessageTokens; }

RequestWeight weigh_request(const Json& body) {
  RequestWeight weight;
  Tally tally;
  for (const auto* member : {"messages", "input", "system", "instructions"}) {
    const auto* value = base::find(body, member);
    if (!value) continue;
    add_text(*value, tally);
    const bool list = value->is_array() && std::string_view(member) != "system";
    if (list) weight.messages += static_cast<std::int64_t>(value->size());
    else if (std::string_view(member) == "input") weight.messages += 1;
  }
  for (const auto* member : {"tools", "functions"}) {
    const auto* value = base::find(body, member);
    if (!value || !value->is_array() || value->empty()) continue;
    weight.tools = true;
    // Names of members are part of a schema's meaning: count its whole text.
    tally.bytes += static_cast<std::int64_t>(base::dump(*value).size());
  }
  weight.images = tally.pictures > 0;
  weight.tokens = text_tokens(tally.bytes, weight.messages) + tally.pictures * kImageTokens;
  return weight;
}

}  // namespace gateway
