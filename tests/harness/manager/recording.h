// A recorded case of a real systemd, replayed against the machine: what differs is returned in words.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "tests/harness/manager/simulated_machine.h"

namespace harness::manager::testing {

/// tests/data/systemd_golden.json, read once.
const base::Json& recordings();

/// Recorded names (P1 the first main process, I1 its invocation …) against ours: each name means one value.
class Labels {
 public:
  static bool is_label(std::string_view word);
  bool same(const std::string& label, const std::string& value);
  /// Equal but for labels, word by word.
  bool same_text(const std::string& recorded, const std::string& ours);

 private:
  std::map<std::string, std::string> value_of_, label_of_;
};

class Replay {
 public:
  /// `played`: the version to replay on; another than the recorded one must be found out.
  Replay(const base::Json& recorded_case, Compat recorded, Compat played);
  Replay(const base::Json& recorded_case, Compat compat) : Replay(recorded_case, compat, compat) {}
  std::vector<std::string> run();

 private:
  void prepare();
  std::string fill(std::string text) const;
  std::string blank(std::string text) const;
  void steps();
  void step(const base::Json& spec, const base::Json& recorded);
  void shell(const std::string& command, const base::Json& recorded);
  void check_call(const base::Json& recorded, const CallResult& result);
  void check_properties(const std::string& where, const base::Json& recorded);
  void check_words(const std::string& where, const base::Json& recorded);
  void check_states();
  void check_log();
  void check_probe();
  void check_environment();
  void check_text(const std::string& where, const std::string& recorded, const std::string& ours);
  void problem(const std::string& text) { problems_.push_back(text); }
  base::Instant at(std::int64_t ms) const { return begin_ + std::chrono::milliseconds{ms}; }
  std::int64_t since_begin(base::Instant when) const { return base::milliseconds(when - begin_); }

  const base::Json& case_;
  const base::Json& recorded_;
  std::string name_, unit_, state_dir_;
  SimulatedMachine machine_;
  base::Instant begin_;
  Labels labels_;
  std::vector<std::pair<base::Json, std::shared_ptr<CallResult>>> background_;
  std::vector<std::string> problems_;
};

}  // namespace harness::manager::testing
