// A mock service manager for one test: started on demand, with units that run the probe, and its history at hand.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

#include "base/text.h"
#include "harness/manager/client.h"
#include "harness/manager/process_driver/loop.h"
#include "harness/manager/process_driver/process_tree.h"

namespace live_manager {

using namespace std::chrono_literals;
using base::Json;
using harness::manager::CallResult;
using harness::manager::ManagerOptions;
using harness::manager::ManagerProcess;
using harness::manager::monotonic_now;
using harness::manager::read_process_stat;
namespace fs = std::filesystem;

inline bool living(int pid) {
  const auto stat = read_process_stat(pid);
  return stat && stat->state != 'Z' && stat->state != 'X';
}
inline int pid_of(const Json& process) { return static_cast<int>(base::integer_or(process, "pid", 0)); }
/// Polls; true as soon as it holds. The limit is for a broken build only.
inline bool soon(const std::function<bool()>& holds, base::Duration limit = 20s) {
  for (const auto until = monotonic_now() + limit; monotonic_now() < until; ::poll(nullptr, 0, 3)) {
    if (holds()) return true;
  }
  return false;
}

class LiveManager : public testing::Test {
 protected:
  void start(ManagerOptions options = {}) {
    make_folder();
    options.log = folder_ / "manager.jsonl";
    auto started = ManagerProcess::start(std::move(options));
    ASSERT_TRUE(started.has_value()) << base::render(started.error());
    manager_ = std::move(started.value());
  }
  void make_folder() {
    std::string pattern = testing::TempDir() + "live-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  void TearDown() override {
    manager_.reset();
    std::error_code ec;
    if (!folder_.empty()) fs::remove_all(folder_, ec);
  }
  void write_unit(const std::string& name, const std::string& text) { ASSERT_TRUE(manager_->write_unit(name, text).has_value()); }
  /// A service that runs the probe with these scripts.
  void unit(const std::string& name, const std::string& settings, const std::vector<std::string>& scripts) {
    std::string line = std::string("ExecStart=") + PROBE + " " + state(name).string();
    for (const auto& script : scripts) line += " '" + script + "'";
    write_unit(name + ".service", "[Service]\n" + settings + "\n" + line + "\n");
  }
  fs::path state(const std::string& name) const { return folder_ / name; }
  std::string text(const fs::path& file) const {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  CallResult systemctl(const std::vector<std::string>& args) { return manager_->systemctl(args, 30s); }
  std::string show(const std::string& name, const std::string& property) { return std::string(base::trim(systemctl({"show", name, "-P", property}).out)); }
  int main_pid(const std::string& name) { return static_cast<int>(base::integer_or(manager_->state(name), "main_pid", -1)); }
  Json processes(const std::string& name) {
    const Json now = manager_->state(name);
    const Json* all = base::find(now, "processes");
    return all != nullptr ? *all : Json::array();
  }
  bool reaches(const std::string& name, const std::string& sub) {
    return soon([&] { return base::string_or(manager_->state(name), "sub") == sub; });
  }
  /// Its handlers are set and it waits: before that a signal simply kills it.
  bool hangs(const std::string& name) {
    return soon([&] { return text(state(name) / "events").find("op hang") != std::string::npos; });
  }
  std::vector<Json> history(std::string_view kind) const {
    std::vector<Json> found;
    std::ifstream in(folder_ / "manager.jsonl");
    for (std::string line; std::getline(in, line);) {
      if (auto entry = base::parse_wire_json(line); entry && base::string_or(*entry, "kind") == kind) found.push_back(*entry);
    }
    return found;
  }
  /// A front as a program finds it on PATH.
  CallResult front(const std::string& command) const {
    std::string line = "exec 2>&1; env -i";
    for (const auto& entry : manager_->environment()) {
      if (entry.starts_with("PATH=") || entry.starts_with("XDG_RUNTIME_DIR=") || entry.starts_with("HOME=")) line += " '" + entry + "'";
    }
    CallResult result;
    FILE* pipe = ::popen((line + " " + command).c_str(), "r");
    if (pipe == nullptr) return result;
    std::array<char, 4096> room{};
    while (const std::size_t n = std::fread(room.data(), 1, room.size(), pipe)) result.out.append(room.data(), n);
    const int status = ::pclose(pipe);
    result.rc = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return result;
  }

  fs::path folder_;
  std::unique_ptr<ManagerProcess> manager_;
};

}  // namespace live_manager
