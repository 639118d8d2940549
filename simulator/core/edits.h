// Changes to the pieces of a healthy reply that break its form, not its meaning. Pure bytes.
#pragma once

#include <string_view>

#include "simulator/core/wire_plan.h"

namespace simulator {

/// Applies one of edit_names() to the reply.
void edit_reply(std::string_view name, HealthyReply& reply);

}  // namespace simulator
