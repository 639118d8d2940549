// The JSON Schema of a scenario (draft-07, which editors read), made from the tables that the loader reads by.
#pragma once

#include "base/json.h"

namespace harness {

base::Json scenario_schema();

}  // namespace harness
