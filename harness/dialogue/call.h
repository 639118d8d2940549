// What one `send` puts on the wire. Pure.
#pragma once

#include <string>

#include "base/headers.h"
#include "base/json.h"
#include "harness/scenario/scenario.h"

namespace harness {

struct Call {
  std::string method, path;
  base::Headers headers;
  std::string body;
  bool admin = false;  ///< to the admin port
};

/// The request as the front's own SDK would send it. `index` counts from 1 within a step's `count`.
Call make_call(const SendStep& step, std::int64_t index);
/// The bytes of the request on a connection of its own.
std::string render_call(const Call& call, const std::string& host);
/// The name checks use: "first", or "first.2" for the second of a step with count > 1.
std::string call_name(const SendStep& step, std::int64_t index);
/// The history's `request` entry (docs/history.md), the same in both worlds.
base::Json request_entry(const SendStep& step, const Call& call, std::int64_t id, const std::string& name);

}  // namespace harness
