// What the providers saw: which keys, how often, how soon; fallbacks, cancelled attempts.
#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "harness/checks/outcome.h"

namespace harness::checks {
namespace {

std::string arrows(const std::vector<std::string>& labels) {
  if (labels.empty()) return "none";
  if (labels.size() <= 12) return base::join(labels, " → ");
  const std::vector<std::string> first(labels.begin(), labels.begin() + 12);
  return base::join(first, " → ") + fmt::format(" → … ({} in all)", labels.size());
}

std::string label_of(const Attempt& attempt) { return attempt.credential.empty() ? "no key" : attempt.credential; }

/// A missing attempt is seen at the end, a surplus one where it stands.
const Entry* first_beyond(const std::vector<const Attempt*>& list, std::int64_t max) {
  if (max >= 0 && static_cast<std::int64_t>(list.size()) > max) return list[static_cast<std::size_t>(max)]->seen;
  return list.empty() ? nullptr : list.back()->seen;
}

}  // namespace

void check_order(Outcome& out) {
  AttemptFilter filter;
  if (!out.filter(filter)) return;
  std::vector<std::string> seen;
  std::vector<const Entry*> marks;
  for (const auto* attempt : out.view().attempts(filter)) {
    if (out.flag("distinct").value_or(false) && !seen.empty() && seen.back() == label_of(*attempt)) continue;
    seen.push_back(label_of(*attempt));
    marks.push_back(attempt->seen);
  }
  const auto wanted = out.texts("is");
  if (seen == wanted) return out.tell(arrows(seen));
  const auto differs = static_cast<std::size_t>(std::mismatch(seen.begin(), seen.end(), wanted.begin(), wanted.end()).first - seen.begin());
  const Entry* near = differs < marks.size() ? marks[differs] : marks.empty() ? nullptr : marks.back();
  out.fail(fmt::format("keys of {} in this order: {}", filter.provider, arrows(wanted)), arrows(seen), near);
}

void check_key_attempts(Outcome& out) {
  AttemptFilter filter;
  if (!out.filter(filter)) return;
  const auto list = out.view().attempts(filter);
  const auto wanted = out.count("count", {1, 1});
  const auto seen = static_cast<std::int64_t>(list.size());
  out.count_fits(wanted.second == 1 ? "attempt" + filter.words() : "attempts" + filter.words(), seen, wanted, first_beyond(list, wanted.second));
  if (!out.failed()) out.tell(fmt::format("{}×{}", filter.credential, seen));
}

void check_never(Outcome& out) {
  AttemptFilter filter;
  if (!out.filter(filter)) return;
  const Attempt* cause = nullptr;
  if (out.has("after_fault")) {
    for (const auto* attempt : out.view().attempts({.provider = filter.provider, .credential = filter.credential, .model = filter.model})) {
      if (attempt->answer && base::glob_match(out.text("after_fault"), attempt->fault()) && attempt->answered_at() >= filter.from) {
        cause = attempt;
        break;
      }
    }
    if (!cause) return out.unknown(fmt::format("{} of {} answered {}", filter.credential, filter.provider, out.text("after_fault")), "that never happened");
    filter.from = std::max(filter.from, cause->answered_at());
  }
  if (const auto span = out.duration("for")) filter.to = std::min(filter.to, filter.from + *span);
  for (const auto* attempt : out.view().attempts(filter)) {
    if (attempt == cause || (cause && attempt->at() <= cause->answered_at())) continue;
    const auto since = cause ? fmt::format(" after its {} at {}", out.text("after_fault"), time_words(cause->answered_at())) : "";
    const auto window = out.duration("for") ? " for " + base::human_duration(*out.duration("for")) : std::string();
    return out.fail(fmt::format("no attempt with {} of {}{}{}", filter.credential, filter.provider, since, window), fmt::format("one at {}", time_words(attempt->at())), attempt->seen);
  }
}

void check_attempts_max(Outcome& out) {
  AttemptFilter filter;
  if (!out.filter(filter)) return;
  const auto list = out.view().attempts(filter);
  const auto max = static_cast<std::size_t>(base::integer_or(out.params(), "max", 0));
  const auto window = out.duration("window");
  if (!window) {
    if (list.size() > max) out.fail(fmt::format("at most {} attempts{}", max, filter.words()), std::to_string(list.size()), list[max]->seen);
    return;
  }
  for (std::size_t i = 0; i + max < list.size(); ++i) {
    const auto span = list[i + max]->at() - list[i]->at();
    if (span >= *window) continue;
    return out.fail(fmt::format("at most {} attempts{} in any {}", max, filter.words(), base::human_duration(*window)),
                    fmt::format("{} in {} ({} to {})", max + 1, base::human_duration(span), time_words(list[i]->at()), time_words(list[i + max]->at())), list[i + max]->seen);
  }
}

void check_attempts_count(Outcome& out) {
  AttemptFilter filter;
  if (!out.filter(filter)) return;
  const auto list = out.view().attempts(filter);
  const auto wanted = out.count("count", {0, kNoMaximum});
  out.count_fits("attempts" + filter.words(), static_cast<std::int64_t>(list.size()), wanted, first_beyond(list, wanted.second));
  if (!out.failed()) out.tell(fmt::format("{} attempts{}", list.size(), filter.provider.empty() ? "" : " at " + filter.provider));
}

void check_gap(Outcome& out) {
  AttemptFilter filter;
  if (!out.filter(filter)) return;
  const auto list = out.view().attempts(filter);
  if (out.flag("retry_after").value_or(false)) {
    for (const auto* attempt : list) {
      const auto early = base::integer_or(attempt->seen->data, "too_early_ms", 0);
      if (early <= 0 && !base::bool_or(attempt->seen->data, "too_early", false)) continue;
      out.fail("no attempt before the provider's Retry-After is over", fmt::format("attempt {}{} came {}early", attempt->number, filter.words(), early > 0 ? fmt::format("{} ms ", early) : "too "), attempt->seen);
    }
  }
  const auto first = static_cast<std::size_t>(base::integer_or(out.params(), "first", kNoMaximum));
  const auto min = out.duration("min");
  const auto max = out.duration("max");
  for (std::size_t i = 0; i + 1 < list.size() && i < first; ++i) {
    // From the answer, when there was one: a slow answer is no pause of the gateway's.
    const auto from = list[i]->answered_at();
    const auto gap = list[i + 1]->at() - from;
    if (min && gap < *min) {
      out.fail(fmt::format("at least {} between attempts{}", base::human_duration(*min), filter.words()),
               fmt::format("{} between attempts {} and {}", base::human_duration(std::max(gap, Duration{0})), list[i]->number, list[i + 1]->number), list[i + 1]->seen);
    }
    if (max) out.within(fmt::format("the attempt after attempt {}{}", list[i]->number, filter.words()), from, list[i + 1]->at(), *max, list[i + 1]->seen);
  }
}

void check_fallback(Outcome& out) {
  AttemptFilter filter;
  if (!out.filter(filter)) return;
  filter.fault = "";
  const auto answers = out.view().attempts(filter);
  const auto wanted = out.count("count", {1, kNoMaximum});
  const auto any = out.view().attempts({.provider = filter.provider, .from = filter.from, .to = filter.to});
  if (out.has("count") || !out.has("reply")) {
    out.count_fits(fmt::format("healthy answers of {}", filter.provider), static_cast<std::int64_t>(answers.size()), wanted, first_beyond(any, wanted.second));
  }
  if (out.has("reply")) {
    const auto list = out.view().named(out.text("reply"));
    if (list.empty()) return out.unknown("a request called " + out.text("reply"), "none was made in this run");
    for (const auto* exchange : list) {
      if (!exchange->reply()) {
        out.fail(fmt::format("{} answered by {}", exchange->as, filter.provider), "no reply", exchange->request);
        continue;
      }
      const auto by = answered_by(out.view(), *exchange);
      const auto status = base::integer_or(exchange->reply()->data, "status", 0);
      if (by != filter.provider || status / 100 != 2) {
        out.fail(fmt::format("{} answered well by {}", exchange->as, filter.provider), fmt::format("{} from {}", status, by.empty() ? "no provider" : by), exchange->reply());
      }
      const auto limit = out.duration("within");
      const auto began = std::find_if(any.begin(), any.end(), [&](const auto* attempt) { return attempt->at() >= exchange->request->at; });
      if (!limit) continue;
      if (began == any.end()) out.never_within(fmt::format("{} tried for {}", filter.provider, exchange->as), exchange->request->at, *limit, "never tried", exchange->reply());
      else out.within(fmt::format("{} tried for {}", filter.provider, exchange->as), exchange->request->at, (*began)->at(), *limit, (*began)->seen);
    }
  } else if (const auto limit = out.duration("within"); limit && !any.empty()) {
    out.within(filter.provider + " tried", filter.from, any.front()->at(), *limit, any.front()->seen);
  }
  if (!out.failed()) out.tell("fallback to " + filter.provider);
}

void check_cancelled(Outcome& out) {
  const auto provider = out.text("provider");
  std::vector<const Attempt*> left;
  for (const auto* attempt : out.view().attempts({.provider = provider})) {
    if (attempt->end && attempt->end->at <= out.view().teardown() && base::string_or(attempt->end->data, "ended").starts_with("client-")) left.push_back(attempt);
  }
  std::vector<const Exchange*> leavers;
  for (const auto& exchange : out.view().exchanges()) {
    if (exchange.left() && (!out.has("reply") || name_meant(out.text("reply"), exchange.as))) leavers.push_back(&exchange);
  }
  if (leavers.empty()) return out.unknown("a client that leaves", "none left in this run");
  if (out.has("count") || left.empty()) {
    out.count_fits(fmt::format("attempts at {} ended because the client left", provider), static_cast<std::int64_t>(left.size()), out.count("count", {1, kNoMaximum}), leavers.front()->reply());
  }
  const auto limit = out.duration("within");
  for (const auto* leaver : leavers) {
    const auto gone = leaver->reply()->at;
    // Its own attempt is the one that was open when it left.
    const Attempt* open = nullptr;
    for (const auto* attempt : out.view().attempts({.provider = provider, .from = leaver->request->at, .to = gone})) {
      if (!attempt->end || attempt->end->at >= gone) open = attempt;
    }
    if (!limit || !open) continue;
    if (!open->end || open->end->at > out.view().teardown()) out.never_within(fmt::format("the attempt of {} ends after the client left", leaver->as), gone, *limit, "it went on to the end of the run", leaver->reply());
    else out.within(fmt::format("the attempt of {} ends after the client left", leaver->as), gone, open->end->at, *limit, open->end);
  }
}

void check_fired(Outcome& out) {
  AttemptFilter filter;
  if (!out.filter(filter)) return;
  const auto list = out.view().attempts(filter);
  const auto wanted = out.count("count", {1, kNoMaximum});
  out.count_fits(fmt::format("answers{}", filter.words()), static_cast<std::int64_t>(list.size()), wanted, first_beyond(list, wanted.second));
}

}  // namespace harness::checks
