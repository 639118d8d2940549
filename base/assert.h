// The always-on assertion: for our own bugs only, never for what the world or a person does.
#pragma once

#include <functional>
#include <string>

namespace base {

/// Text printed with a failed assertion: the seed and the last events, as the owner of the state knows them.
/// Not thread-safe: set it once per thread that owns a core; an empty function removes it.
void set_assert_context(std::function<std::string()> context);

[[noreturn]] void assert_failed(const char* condition, const char* file, int line, const std::string& note = {});

}  // namespace base

#define ASSERT(condition) \
  do {                    \
    if (!(condition)) ::base::assert_failed(#condition, __FILE__, __LINE__); \
  } while (false)
#define ASSERT_NOTE(condition, note) \
  do {                               \
    if (!(condition)) ::base::assert_failed(#condition, __FILE__, __LINE__, (note)); \
  } while (false)
