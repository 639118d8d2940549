// The line on stderr that tells a person what is running. Nothing where stderr is no terminal. Shared by threads (one lock).
#pragma once

#include <functional>
#include <mutex>
#include <set>
#include <string>

namespace harness {

class Progress {
 public:
  explicit Progress(std::size_t count);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void started(const std::string& name);
  /// `print` runs with the line cleared.
  void ended(const std::string& name, const std::function<void()>& print);

 private:
  void draw();
  std::mutex guard_;
  std::multiset<std::string> running_;
  std::size_t done_ = 0, count_;
  bool show_;
};

}  // namespace harness
