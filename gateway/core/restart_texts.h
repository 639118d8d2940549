// Everything `gateway restart`, `start` and `stop` say to a person: one table. Exact: people and scripts read these lines. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/time.h"

namespace gateway {

enum class ServiceText : std::uint8_t {
  draining,
  waiting,
  restarted,
  timeout,
  still_alive,
  cannot_kill,
  cannot_signal,
  not_installed,
  masked,
  bad_unit,
  was_not_running,
  not_running,
  unreachable,
  start_limit,
  failed_start,
  failed_config,
  refused,
  stopped_meanwhile,
  started,
  already_running,
  stopped,
  still_stopping,
  stopping,
  starting,
};
struct TextParts {
  std::string unit = "brownout-gateway";
  std::int64_t pid = 0;
  base::Duration time{0};
  std::string reason;
};
/// Without a newline at the end; further lines are indented by two.
std::string service_text(ServiceText id, const TextParts& parts);

}  // namespace gateway
