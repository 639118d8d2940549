// The state of each credential at its provider: credit, rate windows, revoked, blocked. One clock, given with each call.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "simulator/core/providers_loader.h"
#include "simulator/core/request.h"

namespace simulator {

/// A window that refills evenly: `limit` in each `window`.
class Bucket {
 public:
  explicit Bucket(RateWindow spec) : spec_(spec), level_(static_cast<double>(spec.limit)) {}
  bool limited() const { return spec_.limit > 0; }
  std::int64_t limit() const { return spec_.limit; }
  void refill(base::Instant now);
  /// Takes `amount` if there is that much (a single amount over the limit is taken from a full bucket).
  bool take(double amount, base::Instant now);
  double level() const { return level_; }
  base::Duration until(double amount) const;  ///< until `amount` is there
  base::Duration until_full() const { return until(static_cast<double>(spec_.limit)); }

 private:
  RateWindow spec_;
  double level_;
  base::Instant at_{};
  bool begun_ = false;
};

struct AccountAnswer {
  std::string refused;                       ///< an error family; empty: welcome
  std::optional<base::Duration> retry_after;
  base::Headers headers;                     ///< the rate-limit headers of this moment
};

struct AccountChange {
  std::optional<double> credit, top_up;
  std::optional<bool> revoked, region_blocked;
  std::optional<std::vector<std::string>> models_blocked;
};

class Accounts {
 public:
  explicit Accounts(const ProviderSpec& spec);

  /// Admits or refuses one attempt and takes its price. `tokens` is the attempt's estimate. Unknown credentials are
  /// refused with "401" unless the provider takes any key.
  AccountAnswer admit(const ProviderRequest& request, double tokens, base::Instant now, base::WallTime wall);
  /// The attempt's connection is free again. Call once for each admitted attempt.
  void release(const std::string& label);
  /// False when there is no such credential.
  bool change(const std::string& label, const AccountChange& change);
  base::Json to_json() const;

 private:
  struct Account {
    CredentialSpec spec;
    std::optional<double> credit;
    Bucket requests, tokens;
    std::int64_t open = 0;
  };
  base::Headers headers_of(const Account& account, base::WallTime wall) const;

  std::string personality_;
  bool keys_any_;
  std::map<std::string, Account> accounts_;
};

}  // namespace simulator
