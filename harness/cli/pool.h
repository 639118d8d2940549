// A few workers over a list of jobs.
#pragma once

#include <cstddef>
#include <functional>

namespace harness {

/// Calls work(i) for i in [0, count) on at most `jobs` threads; stops handing out when `go_on` says no.
void run_pool(std::size_t count, int jobs, const std::function<bool()>& go_on, const std::function<void(std::size_t)>& work);

}  // namespace harness
