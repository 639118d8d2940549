#include "gateway/wire/json_cursor.h"

namespace gateway {

std::string with_model(std::string_view object_text, std::string_view model) {
  std::string out;
  JsonCursor in(object_text);
  std::string_view key;
  std::size_t copied = 0;
  bool found = false;
  if (!in.enter_object()) return {};
  while (in.next_key(key)) {
    in.peek();
    const auto from = in.position();
    if (!in.skip_value()) return {};
    if (key != "model") continue;
    if (!found) out.reserve(object_text.size() + model.size() + 16);
    out.append(object_text.substr(copied, from - copied));
    append_json_string(out, model);
    copied = in.position();
    found = true;
  }
  if (!in.at_end() || !found) return {};
  out.append(object_text.substr(copied));
  return out;
}

}  // namespace gateway
