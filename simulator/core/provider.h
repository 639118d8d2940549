// All providers of a run: script, accounts, counters and journal together answer each attempt with a wire plan. Pure.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/redact.h"
#include "simulator/core/accounts.h"
#include "simulator/core/journal.h"
#include "simulator/core/script.h"

namespace simulator {

struct Now {
  base::Instant instant;
  base::WallTime wall;
};

struct ModelOptions {
  std::uint64_t seed = 0;
  std::string salt = "simulator";  ///< of made-up secrets and of the hashes of unknown ones
  bool keep_journal = true;        ///< false: nothing is noted, for millions of virtual runs
};

/// What to do with one attempt.
struct Decision {
  std::uint64_t attempt = 0;
  WirePlan plan;
  std::string fault;
  std::optional<std::size_t> rule;
};

class Model {
 public:
  Model(std::vector<ProviderSpec> specs, ModelOptions options, base::Instant start);

  std::size_t provider_count() const { return specs_.size(); }
  const ProviderSpec& spec(std::size_t provider) const { return specs_[provider]; }
  std::optional<std::size_t> provider_named(std::string_view name) const;
  /// The secret of a credential: as the scenario gives it, or made up.
  std::string secret_of(std::size_t provider, const CredentialSpec& credential) const;

  /// Decides one attempt. `request` is as parsed from the wire; what the model finds out is filled in.
  /// Space prefixes ("/space/NAME/v1/…") are taken off the path. Cost: O(rules).
  Decision on_request(std::size_t provider, ProviderRequest& request, Now now);
  /// A connection was accepted: a fault for it, if a rule says so ("" none).
  Decision on_accept(std::size_t provider, std::uint64_t connection, Now now, Stage stage);
  /// "", "refused" or "backlog-full": what the port should be doing.
  std::string_view listening(std::size_t provider, Now now);
  /// The tls-… fault of the connection being accepted, decided by its number; counts no use (on_accept does).
  std::string_view certificate_fault(std::size_t provider, Now now) const;

  void on_answer(std::uint64_t attempt, int status, std::uint64_t events, std::uint64_t bytes, Now now);
  /// Exactly once for each attempt.
  void on_end(std::uint64_t attempt, std::string_view ended, std::uint64_t events, std::uint64_t bytes, Now now);

  struct RuleChange {
    std::size_t provider = 0;
    enum class Op { replace, add, clear } op = Op::replace;
    std::vector<Rule> rules;
  };
  void change_rules(std::string_view space, std::vector<RuleChange> changes);  ///< all or, by its type, nothing
  bool change_account(std::string_view space, std::size_t provider, const std::string& label, const AccountChange& change);
  void advance(base::Duration by) { skew_ += by; }
  void reset(std::string_view space, Now now);  ///< scripts, accounts and counters as at the start; the journal stays
  base::Json counters(std::string_view space) const;
  base::Json accounts(std::string_view space) const;
  std::string metrics() const;  ///< Prometheus text

  Journal& journal() { return journal_; }
  const Journal& journal() const { return journal_; }
  bool stage_used(std::size_t provider, Stage stage) const;
  std::size_t attempts_open() const { return open_.size(); }

 private:
  struct Provider {
    Script script;
    Accounts accounts;
    std::uint64_t nth = 0, connections = 0, unmatched = 0;
    std::map<std::string, std::uint64_t> nth_credential, nth_session;
    std::map<std::string, base::Instant> not_before;
  };
  struct Space {
    std::vector<Provider> providers;
    base::Instant start;
  };
  struct Open {
    std::string space;
    std::size_t provider = 0;
    std::string credential;
    bool admitted = false;
    std::string fault;
    std::optional<std::size_t> rule;
  };
  Space& space(std::string_view name);
  Provider& provider(std::string_view space_name, std::size_t index) { return space(space_name).providers[index]; }
  void identify(std::size_t index, Provider& state, ProviderRequest& request, std::string& shown);
  Now skewed(Now now) const { return {now.instant + skew_, now.wall + skew_}; }

  std::vector<ProviderSpec> specs_;
  std::vector<std::map<std::string, std::string>> labels_;  // by provider: secret → label
  ModelOptions options_;
  base::Instant start_;
  base::Duration skew_{0};
  std::map<std::string, Space, std::less<>> spaces_;
  std::map<std::uint64_t, Open> open_;
  base::Redactor redactor_;
  Journal journal_{redactor_};
  std::map<std::string, std::string> unknown_;  // secret → "unknown:hash", so that the hash is made once
  std::uint64_t attempts_ = 0;
  std::map<int, std::uint64_t> answers_;               // by status
  std::map<std::string, std::uint64_t> faults_fired_;  // by name
  std::map<std::string, std::uint64_t, std::less<>> endings_;
};

/// The wait that the headers ask for, in any of its forms; nothing when they ask for none.
std::optional<base::Duration> wait_in(const base::Headers& headers, base::WallTime wall);

inline constexpr std::size_t kSpacesMax = 10'000;
inline constexpr std::size_t kCredentialsSeenMax = 100'000;

}  // namespace simulator
