#include "harness/cli/pool.h"

#include <atomic>
#include <thread>
#include <vector>

namespace harness {

void run_pool(std::size_t count, int jobs, const std::function<bool()>& go_on, const std::function<void(std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  const auto worker = [&] {
    for (auto i = next++; i < count && go_on(); i = next++) work(i);
  };
  std::vector<std::thread> threads;
  const auto wanted = static_cast<std::size_t>(jobs < 1 ? 1 : jobs);
  for (std::size_t i = 1; i < wanted && i < count; ++i) threads.emplace_back(worker);
  worker();
  for (auto& thread : threads) thread.join();
}

}  // namespace harness
