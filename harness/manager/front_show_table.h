// The properties of `systemctl show`, in the manager's own order, with the constant values of what this manager does not model.
#pragma once

#include <span>
#include <string_view>

namespace harness::manager {

enum class Where { both, only_252, only_257 };
struct ShowRow {
  std::string_view name;
  std::string_view value_252;
  std::string_view value_257;  ///< empty: as in 252
  Where where;
  bool modelled;  ///< the value comes from the unit, not from here
};
std::span<const ShowRow> show_rows();

}  // namespace harness::manager
