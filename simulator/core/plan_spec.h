// A fault as a person names it: a row of the table with parameters, or a plan spelled out. Compiled over a healthy reply.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/json_reader.h"
#include "simulator/core/wire_plan.h"

namespace simulator {

/// "fault": NAME with "params", or "plan": [steps]. Both empty: no fault.
struct FaultUse {
  std::string name;    ///< a row of the fault table, a family ("402"), a catalogue id; empty with a plan or no fault
  base::Json plan;     ///< the steps as written; null without one
  base::Json params = base::Json::object();
  bool none() const { return name.empty() && plan.is_null(); }
};

/// Reads "fault", "plan", "params", "retry_after" of a rule and checks them against the table.
FaultUse read_fault(base::JsonReader& in);

}  // namespace simulator
