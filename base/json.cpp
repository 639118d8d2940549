#include "base/json.h"

#include "base/text.h"

template class nlohmann::basic_json<nlohmann::ordered_map>;

namespace base {

std::string dump(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }
std::string dump_pretty(const Json& value) { return value.dump(2, ' ', false, Json::error_handler_t::replace); }

const Json* find(const Json& object, std::string_view key) {
  if (!object.is_object()) return nullptr;
  for (auto it = object.begin(); it != object.end(); ++it) {
    if (it.key() == key) return &it.value();
  }
  return nullptr;
}

const Json* find_path(const Json& value, std::string_view dotted) {
  const Json* at = &value;
  while (!dotted.empty() && at) {
    const auto dot = dotted.find('.');
    const auto part = dotted.substr(0, dot);
    dotted = dot == std::string_view::npos ? std::string_view{} : dotted.substr(dot + 1);
    const auto index = at->is_array() ? parse_integer(part) : std::nullopt;
    if (index) {
      at = *index >= 0 && static_cast<std::size_t>(*index) < at->size() ? &(*at)[static_cast<std::size_t>(*index)] : nullptr;
    } else {
      at = find(*at, part);
    }
  }
  return at;
}

std::string string_or(const Json& object, std::string_view key, std::string_view otherwise) {
  const Json* value = find(object, key);
  return value && value->is_string() ? value->get_ref<const std::string&>() : std::string(otherwise);
}

bool bool_or(const Json& object, std::string_view key, bool otherwise) {
  const Json* value = find(object, key);
  return value && value->is_boolean() ? value->get<bool>() : otherwise;
}

std::int64_t integer_or(const Json& object, std::string_view key, std::int64_t otherwise) {
  const Json* value = find(object, key);
  if (!value || !value->is_number_integer()) return otherwise;
  if (value->is_number_unsigned() && value->get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX)) return otherwise;
  return value->get<std::int64_t>();
}

std::optional<double> number_of(const Json& value) {
  if (value.is_number()) return value.get<double>();
  if (value.is_string()) return parse_number(trim(value.get_ref<const std::string&>()));
  return std::nullopt;
}

}  // namespace base
