#include "harness/cli/progress.h"

#include <unistd.h>

#include <cstdio>

#include "base/text.h"

namespace harness {
namespace {

constexpr const char* kClearLine = "\r\033[K";

}  // namespace

Progress::Progress(std::size_t count) : count_(count), show_(::isatty(2) == 1) {}

Progress::~Progress() {
  if (show_) std::fputs(kClearLine, stderr);
}

void Progress::started(const std::string& name) {
  const std::lock_guard lock(guard_);
  running_.insert(name);
  draw();
}

void Progress::ended(const std::string& name, const std::function<void()>& print) {
  const std::lock_guard lock(guard_);
  if (const auto found = running_.find(name); found != running_.end()) running_.erase(found);
  ++done_;
  if (show_) std::fputs(kClearLine, stderr);
  print();
  draw();
}

void Progress::draw() {
  if (!show_ || running_.empty()) return;
  std::string names;
  for (const auto& name : running_) names += (names.empty() ? "" : ", ") + name;
  std::fprintf(stderr, "%s[%zu/%zu] %s", kClearLine, done_, count_, base::shorten(names, 90).c_str());
}

}  // namespace harness
