#include "harness/live/recorder.h"

namespace harness {

void Recorder::add_at(base::Duration at, std::string_view lane, std::string_view kind, base::Json data) {
  const std::lock_guard lock(guard_);
  history_.add(at, lane, kind, std::move(data));
}

History Recorder::take() {
  const std::lock_guard lock(guard_);
  history_.sort();
  return std::move(history_);
}

}  // namespace harness
