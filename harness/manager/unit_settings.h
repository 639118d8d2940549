// How assignments become settings: the state of one load and one table of readers for each section. Private to the loader.
#pragma once

#include <functional>
#include <string>
#include <unordered_map>

#include "harness/manager/unit.h"

namespace harness::manager {

struct Loading {
  Unit& unit;
  const Specifiers& specifiers;
  const Assignment* at = nullptr;
  bool timeout_start_set = false;
  bool notify_access_set = false;

  void warn(const std::string& what) { unit.warnings.push_back(at->file + ":" + std::to_string(at->line) + ": " + what); }
  void refuse(const std::string& why) {
    unit.load_state = LoadState::bad_setting;
    if (unit.load_error.empty()) unit.load_error = why;
  }
  std::string expand(std::string_view text) {
    if (auto out = expand_specifiers(text, specifiers)) return *out;
    warn("Failed to resolve specifiers in '" + std::string{text} + "', ignoring.");
    return std::string{text};
  }
};

using Reader = std::function<void(Loading&, const std::string&)>;
using Table = std::unordered_map<std::string, Reader>;

Table unit_section();
Table install_section();
Table service_section(Compat compat);
Table socket_section();

}  // namespace harness::manager
