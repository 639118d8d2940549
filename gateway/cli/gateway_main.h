// The command `gateway`, as a function: the program is one line, and a mutant around it another.
#pragma once

#include "gateway/cli/run_command.h"

namespace gateway {

/// Exit codes: 0 done; 1 failed (said on stderr); 2 bad usage; `run` has its own (run_command.h).
int gateway_main(int argc, char** argv, const RunParts& parts = {});

}  // namespace gateway
