#include "base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace base {
namespace {
thread_local std::function<std::string()> assert_context;
}

void set_assert_context(std::function<std::string()> context) { assert_context = std::move(context); }

void assert_failed(const char* condition, const char* file, int line, const std::string& note) {
  std::fprintf(stderr, "%s:%d: assertion failed: %s%s%s\n", file, line, condition, note.empty() ? "" : ": ",
               note.c_str());
  if (assert_context) {
    auto context = std::move(assert_context);  // a second failure inside the context must not recurse
    assert_context = nullptr;
    std::fprintf(stderr, "%s\n", context().c_str());
  }
  std::fflush(stderr);
  std::abort();
}

}  // namespace base
