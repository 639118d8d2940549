// One child process with its pipes. Never outlives this program: PR_SET_PDEATHSIG (prctl(2)), and kill in the destructor.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"

namespace harness {

using Environment = std::map<std::string, std::string>;
/// This process's own environment.
Environment current_environment();

struct Command {
  std::vector<std::string> argv;   ///< argv[0] is a path, or a name looked up on `env`'s PATH
  Environment env;
  std::filesystem::path cwd;       ///< empty: this one's
  std::optional<std::string> input;///< stdin; none: /dev/null
  std::filesystem::path err_file;  ///< stderr goes there; empty: to on_line
  std::function<void(bool err, std::string line)> on_line;  ///< on the process's own reader thread
};

/// Thread: start, wait and signal from one thread; on_line from the reader.
class Process {
 public:
  static base::Result<std::unique_ptr<Process>> start(Command command);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  void signal(int number) const;
  /// Waits for the end, at most `for_at_most`; the exit code, or 128 + signal. nullopt: still running.
  std::optional<int> wait(std::chrono::nanoseconds for_at_most);
  bool running();
  void kill_and_reap();

 private:
  Process() = default;
  void read_lines();
  pid_t pid_ = -1;
  int out_ = -1, err_ = -1, in_ = -1;
  std::optional<int> code_;
  std::string input_;
  std::function<void(bool, std::string)> on_line_;
  std::atomic<bool> stop_{false};
  std::thread reader_;
};

/// Runs to the end and returns what it printed. `code` is 124 when it had to be killed after `limit`.
struct Finished {
  int code = -1;
  std::string out, err;
};
Finished run_command(Command command, std::chrono::nanoseconds limit);

}  // namespace harness
