// A history seen by its parts: exchanges of the clients, attempts at the providers, commands, exits. Read-only; made once for each judging.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/history/history.h"

namespace harness::checks {

using base::Duration;
using base::Json;

/// One request of a client and what came of it.
struct Exchange {
  std::int64_t id = 0;
  std::string as;
  const Entry* request = nullptr;
  const Entry* first = nullptr;            ///< first content
  std::vector<const Entry*> replies;       ///< one, when all is well
  const Entry* reply() const { return replies.empty() ? nullptr : replies.front(); }
  bool stream() const;
  bool left() const;                       ///< the client hung up, as the scenario wanted
  Duration length() const;                 ///< from request to reply; 0 without a reply
};

/// One attempt of the gateway at a provider.
struct Attempt {
  std::int64_t number = 0;
  std::string provider, credential, model, session, path;
  const Entry* seen = nullptr;
  const Entry* answer = nullptr;
  const Entry* end = nullptr;
  bool healthy() const;                    ///< answered without a fault
  std::string fault() const;               ///< "" when healthy or when nothing was answered
  Duration at() const { return seen->at; }
  Duration answered_at() const { return answer ? answer->at : seen->at; }
};

struct Command {
  std::int64_t id = 0;
  std::string as;
  const Entry* start = nullptr;
  const Entry* exit = nullptr;
  std::vector<const Entry*> lines;
};

/// Which attempts a check looks at: its parameters provider, credential, model, session, path, fault, from, to.
struct AttemptFilter {
  std::string provider, credential, model, session, path;
  std::optional<std::string> fault;
  Duration from{0};
  Duration to = Duration::max();
  bool matches(const Attempt& attempt) const;
  std::string words() const;               ///< " at acme with key-a"
};

class View {
 public:
  explicit View(const History& history);
  View(const View&) = delete;
  View& operator=(const View&) = delete;

  const std::vector<const Entry*>& entries() const { return entries_; }        ///< by time
  const std::vector<Exchange>& exchanges() const { return exchanges_; }        ///< by request
  const std::vector<Attempt>& attempts() const { return attempts_; }           ///< by time
  const std::vector<Command>& commands() const { return commands_; }
  /// Starts and exits of the gateway's main process before the harness stopped it.
  const std::vector<const Entry*>& spawns() const { return spawns_; }
  const std::vector<const Entry*>& exits() const { return exits_; }

  std::vector<const Exchange*> named(std::string_view pattern) const;
  std::vector<const Command*> commands_named(std::string_view pattern) const;
  std::vector<const Attempt*> attempts(const AttemptFilter& filter) const;
  std::vector<const Entry*> of(std::string_view lane, std::string_view kind) const;
  const Entry* last(std::string_view lane, std::string_view kind) const;

  Duration teardown() const { return teardown_; }                              ///< when the steps were over
  Duration length() const { return length_; }                                  ///< time of the last entry before that
  /// The harness's own worst lateness that could have touched this span.
  Duration lag(Duration from, Duration to) const;
  /// The entry and the two neighbours a person wants to see.
  std::vector<std::uint64_t> around(const Entry* entry) const;
  std::vector<std::uint64_t> around(Duration at) const;

 private:
  void read(const Entry& entry);
  void read_client(const Entry& entry);
  void read_provider(const Entry& entry);
  void read_cli(const Entry& entry);

  std::vector<Entry> sorted_;
  std::vector<const Entry*> entries_;
  std::vector<Exchange> exchanges_;
  std::vector<Attempt> attempts_;
  std::vector<Command> commands_;
  std::vector<const Entry*> spawns_, exits_;
  std::map<std::int64_t, std::size_t> exchange_of_, command_of_;
  std::map<std::pair<std::string, std::int64_t>, std::size_t> attempt_of_;
  Duration teardown_ = Duration::max();
  Duration length_{0};
};

/// Whether the name of a request or command ("burst.3") is meant by a pattern ("burst", "burst.3", "b*"; "burst.1" is "burst").
bool name_meant(std::string_view pattern, std::string_view as);
/// "75", "KILL": how a process exited, as scenarios write it.
std::string exit_word(const Entry& exit);

}  // namespace harness::checks
