#include "simulator/core/accounts.h"

#include <fmt/format.h>

#include <cmath>

#include "base/text.h"
#include "simulator/core/personality_limits.h"

namespace simulator {

void Bucket::refill(base::Instant now) {
  if (!limited()) return;
  if (begun_) level_ += base::seconds(now - at_) / base::seconds(spec_.window) * static_cast<double>(spec_.limit);
  level_ = std::min(level_, static_cast<double>(spec_.limit));
  at_ = now;
  begun_ = true;
}

bool Bucket::take(double amount, base::Instant now) {
  if (!limited()) return true;
  refill(now);
  const auto price = std::min(amount, static_cast<double>(spec_.limit));
  if (level_ + 1e-9 < price) return false;
  level_ -= price;
  return true;
}

base::Duration Bucket::until(double amount) const {
  const auto missing = std::min(amount, static_cast<double>(spec_.limit)) - level_;
  if (!limited() || missing <= 0) return base::Duration{0};
  return base::from_seconds(missing / static_cast<double>(spec_.limit) * base::seconds(spec_.window));
}

Accounts::Accounts(const ProviderSpec& spec) : personality_(spec.personality), keys_any_(spec.keys_any) {
  for (const auto& credential : spec.credentials) {
    accounts_.emplace(credential.label, Account{.spec = credential, .credit = credential.credit, .requests = Bucket(credential.requests), .tokens = Bucket(credential.tokens)});
  }
}

AccountAnswer Accounts::admit(const ProviderRequest& request, double tokens, base::Instant now, base::WallTime wall) {
  const auto found = accounts_.find(request.credential);
  if (found == accounts_.end()) {
    if (keys_any_) return {};
    return {.refused = "401"};
  }
  auto& account = found->second;
  const auto& spec = account.spec;
  if (spec.revoked) return {.refused = "401"};
  if (spec.region_blocked) return {.refused = "403-region"};
  for (const auto& model : spec.models_blocked) {
    if (base::glob_match(model, request.model)) return {.refused = "403"};
  }
  // Sticky: credit only comes back through top_up.
  if (account.credit && *account.credit < spec.cost) return {.refused = personality_ == "openai" || personality_ == "azure" ? "429-billing" : "402"};
  if (spec.concurrent_max > 0 && account.open >= spec.concurrent_max) return {.refused = "429", .retry_after = std::chrono::seconds{1}, .headers = headers_of(account, wall)};
  account.tokens.refill(now);
  account.requests.refill(now);
  if (account.requests.limited() && account.requests.level() + 1e-9 < 1) {
    return {.refused = "429", .retry_after = account.requests.until(1), .headers = headers_of(account, wall)};
  }
  if (!account.tokens.take(tokens, now)) return {.refused = "429", .retry_after = account.tokens.until(tokens), .headers = headers_of(account, wall)};
  account.requests.take(1, now);
  if (account.credit) *account.credit -= spec.cost;
  ++account.open;
  return {.headers = headers_of(account, wall)};
}

void Accounts::release(const std::string& label) {
  if (const auto found = accounts_.find(label); found != accounts_.end() && found->second.open > 0) --found->second.open;
}

bool Accounts::change(const std::string& label, const AccountChange& change) {
  const auto found = accounts_.find(label);
  if (found == accounts_.end()) return false;
  auto& account = found->second;
  if (change.credit) account.credit = *change.credit;
  if (change.top_up) account.credit = account.credit.value_or(0) + *change.top_up;
  if (change.revoked) account.spec.revoked = *change.revoked;
  if (change.region_blocked) account.spec.region_blocked = *change.region_blocked;
  if (change.models_blocked) account.spec.models_blocked = *change.models_blocked;
  return true;
}

base::Headers Accounts::headers_of(const Account& account, base::WallTime wall) const {
  base::Headers headers;
  for (const auto& [word, bucket] : {std::pair{"requests", &account.requests}, std::pair{"tokens", &account.tokens}}) {
    if (!bucket->limited()) continue;
    add_limit_headers(headers, personality_, {.word = word, .limit = bucket->limit(), .remaining = static_cast<std::int64_t>(std::floor(bucket->level() + 1e-9)),
                                              .full_in = bucket->until_full()}, wall);
  }
  return headers;
}

base::Json Accounts::to_json() const {
  base::Json all = base::Json::object();
  for (const auto& [label, account] : accounts_) {
    base::Json item{{"revoked", account.spec.revoked}, {"region_blocked", account.spec.region_blocked}, {"open", account.open}};
    item["credit"] = account.credit ? base::Json(*account.credit) : base::Json(nullptr);
    if (account.requests.limited()) item["requests_remaining"] = std::floor(account.requests.level());
    if (account.tokens.limited()) item["tokens_remaining"] = std::floor(account.tokens.level());
    all[label] = std::move(item);
  }
  return all;
}

}  // namespace simulator
