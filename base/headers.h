// HTTP header lists as values: order and case kept, look-up without case.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace base {

struct Headers {
  std::vector<std::pair<std::string, std::string>> list;

  /// The first of that name, whatever its case.
  std::optional<std::string_view> find(std::string_view name) const;
  std::string get(std::string_view name, std::string_view otherwise = "") const;
  bool has(std::string_view name) const { return find(name).has_value(); }
  void add(std::string name, std::string value);
  void set(std::string_view name, std::string value);  ///< replaces all of that name
  void remove(std::string_view name);
  bool operator==(const Headers&) const = default;
};

}  // namespace base
