// The process above the manager: it adopts what the manager leaves behind, so that nothing outlives a run, however it ends.
#pragma once

#include <functional>

namespace harness::manager {

/// Forks; runs `manager` in the child and keeps watch in the parent. Returns the manager's exit status (128+n by signal) once it and all
/// its descendants are gone. SIGTERM, SIGINT and SIGHUP are handed to the manager. When the process `owner` ends (0: nobody), so does all.
int keep(int owner, const std::function<int()>& manager);

}  // namespace harness::manager
