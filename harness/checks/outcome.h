// How a check says what it found: the worst finding decides, lag turns a missed budget into "unknown". And the look-ups all checks share.
#pragma once

#include "harness/checks/verdict.h"
#include "harness/checks/view.h"

namespace harness::checks {

class Outcome {
 public:
  Outcome(const View& view, const Json& params, std::string check, int line);

  /// `near` is the entry to show with its neighbours; its time is "when". Several findings of one verdict are listed, the first kMentionMax.
  void fail(std::string expected, std::string seen, const Entry* near = nullptr) { find(Verdict::fail, std::move(expected), std::move(seen), near); }
  void unknown(std::string expected, std::string seen, const Entry* near = nullptr) { find(Verdict::unknown, std::move(expected), std::move(seen), near); }
  /// A span that may take `limit`: when it took longer, that is a failure, unless the harness itself was late by more than a tenth of the limit.
  void within(const std::string& what, Duration from, Duration to, Duration limit, const Entry* near);
  /// The same for something that never came by the end of what was watched.
  void never_within(const std::string& what, Duration from, Duration limit, std::string seen, const Entry* near);
  void at_least(const std::string& what, Duration span, Duration limit, const Entry* near);
  /// For the summary line of a run that passed.
  void tell(std::string words) { result_.summary = std::move(words); }

  const View& view() const { return view_; }
  const Json& params() const { return params_; }
  bool has(std::string_view key) const { return params_.contains(std::string(key)); }
  std::string text(std::string_view key, std::string_view otherwise = "") const { return base::string_or(params_, key, otherwise); }
  std::vector<std::string> texts(std::string_view key) const;
  std::optional<Duration> duration(std::string_view key) const;
  std::optional<bool> flag(std::string_view key) const;
  /// A count or {"min","max"}; `otherwise` when absent.
  std::pair<std::int64_t, std::int64_t> count(std::string_view key, std::pair<std::int64_t, std::int64_t> otherwise) const;
  /// Compares a number with such a parameter; reports when it does not fit.
  void count_fits(const std::string& what, std::int64_t seen, std::pair<std::int64_t, std::int64_t> wanted, const Entry* near);
  /// The window of "from" and "to". False (and "unknown") when a moment it names never came.
  bool window(Duration& from, Duration& to);
  bool filter(AttemptFilter& filter);

  CheckResult take() { return std::move(result_); }
  bool failed() const { return result_.verdict != Verdict::pass; }

 private:
  void find(Verdict verdict, std::string expected, std::string seen, const Entry* near);

  const View& view_;
  const Json& params_;
  CheckResult result_;
  int mentioned_ = 0;
};
inline constexpr int kMentionMax = 3;
inline constexpr std::int64_t kNoMaximum = std::numeric_limits<std::int64_t>::max();

/// A moment of a scenario in this history: its time and the entry that marks it (none for plain times). nullopt: it never came.
struct Moment {
  Duration at{0};
  const Entry* entry = nullptr;
};
std::optional<Moment> moment_at(const View& view, const Json& moment);
/// "the reply to first", "2 s after attempt 1": for messages.
std::string moment_words(const Json& moment);

/// "exactly 2", "at least 1", "1 to 3".
std::string count_words(std::pair<std::int64_t, std::int64_t> count);
/// "0.134 s", for messages.
std::string time_words(Duration at);
/// A text as it stands in messages: quoted, one line, not too long.
std::string quote(std::string_view text);

// match.cpp
/// Value of a "map" parameter against what is there (nullptr: nothing): text with * and ?, equal numbers, true (there), false (not there).
bool value_matches(const Json& wanted, const Json* seen);
/// Values at a JSON pointer; a segment may be "*" (any member) or "label=key-a" (the item of a list with that member).
std::vector<const Json*> at_pointer(const Json& root, std::string_view pointer);
bool status_matches(const Json& wanted, std::int64_t status);
bool code_matches(const Json& wanted, const std::string& word);
std::string wanted_words(const Json& wanted);

// The checks, each over (view, parameters): one function for each row of the table.
void check_reply(Outcome& out);
void check_hint(Outcome& out);
void check_stream(Outcome& out);
void check_cli(Outcome& out);
void check_order(Outcome& out);
void check_key_attempts(Outcome& out);
void check_never(Outcome& out);
void check_attempts_max(Outcome& out);
void check_attempts_count(Outcome& out);
void check_gap(Outcome& out);
void check_fallback(Outcome& out);
void check_cancelled(Outcome& out);
void check_fired(Outcome& out);
void check_survives(Outcome& out);
void check_exits(Outcome& out);
void check_states(Outcome& out);
void check_journal(Outcome& out);
void check_restart(Outcome& out);
void check_loses_nothing(Outcome& out);
void check_turns(Outcome& out);
void check_resources(Outcome& out);
void check_log_contains(Outcome& out);
void check_log_never(Outcome& out);
void check_status_shows(Outcome& out);
void check_metrics(Outcome& out);
void check_between(Outcome& out);

// Always on.
void always_secrets(Outcome& out);
void always_end_once(Outcome& out);
void always_own_ids(Outcome& out);
void always_sanitizers(Outcome& out);
void always_processes(Outcome& out);
void always_steps(Outcome& out);
void always_fired(const Scenario& scenario, Outcome& out);

/// A whole success: 2xx, ended as it should, a stream with its finish or terminator and no error event.
bool whole(const Exchange& exchange);
/// The provider whose answer the client got: what the gateway says, else who answered last before the reply ended.
std::string answered_by(const View& view, const Exchange& exchange);

}  // namespace harness::checks
