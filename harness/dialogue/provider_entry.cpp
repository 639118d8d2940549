#include "harness/dialogue/provider_entry.h"

namespace harness {

std::pair<std::string, base::Json> provider_entry(const base::Json& event, std::string& credential) {
  using base::Json;
  const auto kind = base::string_or(event, "event");
  Json data = event;
  for (const auto* key : {"seq", "at_ns", "event"}) data.erase(key);
  if (kind == "attempt") {
    credential = base::string_or(event, "credential");
    if (data["credential"].is_null()) data["credential"] = "";
  } else {
    data["credential"] = credential;
  }
  if (kind == "answer") {
    if (data["fault"].is_null()) data["fault"] = "";
    if (data["rule"].is_null()) data["rule"] = -1;
  }
  return {kind, std::move(data)};
}

}  // namespace harness
