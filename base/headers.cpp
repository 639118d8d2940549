#include "base/headers.h"

#include <algorithm>

#include "base/text.h"

namespace base {

std::optional<std::string_view> Headers::find(std::string_view name) const {
  for (const auto& [key, value] : list) {
    if (iequals(key, name)) return value;
  }
  return std::nullopt;
}

std::string Headers::get(std::string_view name, std::string_view otherwise) const {
  return std::string(find(name).value_or(otherwise));
}

void Headers::add(std::string name, std::string value) {
  if (list.capacity() == 0) list.reserve(8);  // few heads have fewer: growing by doubling moves them three times
  list.emplace_back(std::move(name), std::move(value));
}

void Headers::set(std::string_view name, std::string value) {
  for (auto it = list.begin(); it != list.end(); ++it) {
    if (!iequals(it->first, name)) continue;
    it->second = std::move(value);
    list.erase(std::remove_if(it + 1, list.end(), [&](const auto& h) { return iequals(h.first, name); }), list.end());
    return;
  }
  add(std::string(name), std::move(value));
}

void Headers::remove(std::string_view name) {
  std::erase_if(list, [&](const auto& header) { return iequals(header.first, name); });
}

}  // namespace base
