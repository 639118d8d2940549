#include "simulator/core/faults.h"

#include <fmt/format.h>

#include "base/text.h"

namespace simulator {
namespace {

std::string family_params() { return "retry_after=0s"; }

Ending ending_of(const CatalogueEntry& entry) {
  if (entry.status == 0) return entry.close == "fin_before_headers" ? Ending::fin : Ending::rst;
  if (entry.close == "stall_after_headers") return Ending::silence;
  if (entry.close == "tls_alert_bad_record_mac") return Ending::rst;
  if (entry.close.starts_with("fin") || entry.when == "stream cut" || entry.when == "truncated chunked") return Ending::fin;
  return Ending::complete;
}

}  // namespace

std::vector<FaultInfo> all_faults() {
  std::vector<FaultInfo> list;
  for (const auto family : error_families()) {
    list.push_back({.name = std::string(family), .group = "family", .summary = "the provider's own words for this family of errors", .params = family_params()});
  }
  for (const auto& row : fault_rows()) {
    list.push_back({.name = std::string(row.name), .group = std::string(row.group), .summary = std::string(row.summary), .params = std::string(row.params),
                    .stage = row.stage, .ending = row.ending});
  }
  for (const auto& entry : catalogue()) {
    list.push_back({.name = entry.id, .group = "catalogue", .summary = fmt::format("{} {}: {}, {}", entry.provider, entry.status, entry.meaning, entry.when),
                    .source = entry.source, .ending = ending_of(entry)});
  }
  return list;
}

std::optional<FaultInfo> find_fault(std::string_view name) {
  for (const auto& row : fault_rows()) {
    if (row.name == name) {
      return FaultInfo{.name = std::string(row.name), .group = std::string(row.group), .summary = std::string(row.summary), .params = std::string(row.params),
                       .stage = row.stage, .ending = row.ending};
    }
  }
  for (const auto family : error_families()) {
    if (family == name) return FaultInfo{.name = std::string(name), .group = "family", .params = family_params()};
  }
  for (const auto& entry : catalogue()) {
    if (entry.id == name) return FaultInfo{.name = entry.id, .group = "catalogue", .source = entry.source, .ending = ending_of(entry)};
  }
  return std::nullopt;
}

std::vector<std::string> fault_names() {
  std::vector<std::string> names;
  for (auto& info : all_faults()) names.push_back(std::move(info.name));
  return names;
}

}  // namespace simulator
