// What must be true of every run, whatever was thrown at it.
#include <algorithm>

#include "harness/explore/campaign.h"
#include "harness/explore/flat_map.h"

namespace harness::explore {
namespace {

using base::Json;
using K = Mark::Kind;

constexpr std::array kRules{
    Rule{"one-end", "every request gets exactly one end"},
    Rule{"key-rests", "a key is not used while the gateway itself says that it is out; the longest cooldown counts"},
    Rule{"empty-key-once", "a key that the provider said is out of credit is not asked again within half an hour"},
    Rule{"retry-after", "no attempt with a key before the provider's Retry-After is over"},
    Rule{"attempts-bounded", "attempts are bounded by the distinct keys and the retry budget of each target"},
    Rule{"healthy-answers", "while a healthy provider is left, every request succeeds"},
    Rule{"healthy-key", "while a key that nobody refused is left, every request succeeds"},
    Rule{"honest", "what looks like a success is one"},
    Rule{"comes-back", "after a restart or a crash the gateway comes back"},
    Rule{"heals", "when everything is well again, requests succeed"},
    Rule{"primary-returns", "a first target that has been well for an hour answers again"},
    Rule{"drain-ends", "a drain ends by its deadline"},
    Rule{"drain-serves", "what was under way when a drain began is not cut before the drain's time is over"},
    Rule{"turns-once", "no accepted chat turn is lost or answered twice"},
    Rule{"one-generation", "never do two processes run"},
};

/// A request may look once more at a key that it has used, when nothing else is left, and has the retries of a target there: so often while the
/// key is out, not for ever.
constexpr int kLooksMax = 4;
/// The gateway learns of an answer a moment after the provider gave it; what left in between is nobody's fault.
constexpr base::Duration kLearnTime = std::chrono::milliseconds{5};
/// Retry-After is in whole seconds, the gateway's clock in finer ones.
constexpr base::Duration kEarlyMax = std::chrono::milliseconds{100};
constexpr base::Duration kEmptyKeyTime = std::chrono::minutes{30};
constexpr base::Duration kDrainSlack = std::chrono::seconds{2};

std::uint32_t code_of(std::string_view fault, std::string_view retry_after) {
  for (std::size_t i = 0; i < kFaultChoices.size(); ++i) {
    if (kFaultChoices[i].name == fault && kFaultChoices[i].retry_after == retry_after) return static_cast<std::uint32_t>(i + 1);
  }
  return 0;
}

class Judge {
 public:
  Judge(const Case& what, const Step* failed, const Trace& trace) : case_(what), failed_(failed), marks_(trace.marks()) {}

  std::optional<Violation> judge() {
    ends();
    if (!found_) keys();
    if (!found_) budgets();
    if (!found_) replies();
    if (!found_) drains();
    if (!found_) life();
    if (!found_) turns();
    return std::move(found_);
  }

 private:
  void violate(std::string_view rule, std::string what, Json expect) {
    if (!found_) found_ = Violation{std::string(rule), std::move(what), std::move(expect)};
  }
  static std::string at(const Mark& mark) { return base::human_duration(mark.at.since_start); }

  void ends() {
    FlatMap<std::uint32_t, bool> open;
    for (const auto& mark : marks_) {
      if (mark.kind == K::request) open[mark.a] = true;
      if (mark.kind == K::reply) open.erase(mark.a);
      if (mark.kind == K::doubled) violate("one-end", fmt::format("request {} was ended twice ({})", mark.a, at(mark)), Json::array());
      if (mark.kind == K::reply && mark.c == kEndedTimeout) violate("one-end", fmt::format("request {} had no end ({})", mark.a, at(mark)), reply_check("*", {{"ended", "complete"}}));
    }
    if (!open.empty()) violate("one-end", fmt::format("request {} never got an end", open.begin()->first), reply_check("*", {{"ended", "complete"}}));
  }

  static Json reply_check(const std::string& name, Json params) {
    Json check{{"check", "reply"}, {"reply", name}};
    for (const auto& [key, value] : params.items()) check[key] = value;
    return Json::array({check});
  }

  bool crashed_between(base::Instant from, base::Instant to) const {
    return std::any_of(marks_.begin(), marks_.end(), [&](const Mark& mark) { return (mark.kind == K::crash || mark.kind == K::exit || mark.kind == K::client_gone) && mark.at >= from && mark.at <= to; });
  }

  void keys() {
    using Key = std::pair<std::uint32_t, std::uint32_t>;
    FlatMap<Key, base::Instant> out_until, empty_until, not_before, told;
    FlatMap<Key, std::pair<std::string_view, base::Instant>> answered, causes;  // the fault and when
    FlatMap<Key, int> looks;  // by request and key: uses of a key that was out, of which the request had used it before
    FlatSet<Key> tried;
    static const auto billing = code_of("402", "");
    for (const auto& mark : marks_) {
      const std::pair key{mark.b, mark.c};
      if (mark.kind == K::out) {
        if (mark.d == 0) {
          out_until.erase(key);
        } else {
          auto& until = out_until[key];
          if (const auto longer = mark.at + std::chrono::milliseconds{mark.d}; longer > until) {
            until = longer;
            causes[key] = answered[key];
          }
        }
      } else if (mark.kind == K::answer) {
        // A key rests for a fault; what it answered well in between is no reason.
        if (mark.d != 0) answered[key] = {kFaultChoices[mark.d - 1].name, mark.at};
        if (mark.d == billing && billing != 0 && !crashed_between(mark.at, mark.at + kLearnTime)) empty_until[key] = mark.at + kEmptyKeyTime;
      } else if (mark.kind == K::told_to_wait) {
        if (!crashed_between(mark.at, mark.at + kLearnTime)) not_before[key] = std::max(not_before[key], mark.at + std::chrono::milliseconds{mark.d} - kEarlyMax), told[key] = mark.at;
      } else if (mark.kind == K::attempt) {
        // The request that met the limit may wait it out and try its only key once more.
        const auto* empty = empty_until.find(key);
        const auto* limited = not_before.find(key);
        if (empty != nullptr && mark.at < *empty && mark.at > *empty - kEmptyKeyTime + kLearnTime) {
          violate("empty-key-once", fmt::format("a key out of credit was asked again at {}", at(mark)), stays_out(key, "402", kEmptyKeyTime));
        } else if (limited != nullptr && mark.at < *limited && mark.at > told[key] + kLearnTime) {
          violate("retry-after", fmt::format("a limited key was asked again too early, at {}", at(mark)), Json::array({Json{{"check", "attempts.gap"}, {"retry_after", true}}}));
        } else if (const auto* found = out_until.find(key); found != nullptr && mark.at < *found && (!tried.contains({mark.e, mark.c}) || ++looks[{mark.e, mark.c}] > kLooksMax)) {
          violate("key-rests", fmt::format("a key was used at {} although it was out until {}", at(mark), base::human_duration(found->since_start)),
                  stays_out(key, causes[key].first, *found - causes[key].second));
        }
        tried.insert({mark.e, mark.c});
      }
    }
  }

  /// The key's own check in the live world. What was cut short by a crash there is a little shorter than here.
  Json stays_out(const std::pair<std::uint32_t, std::uint32_t>& key, std::string_view fault, base::Duration time) const {
    const auto is = [&](const std::string& provider, const std::string& credential) {
      return key.first == static_cast<std::uint32_t>(base::hash_text(provider)) && key.second == static_cast<std::uint32_t>(base::hash_text(credential));
    };
    Json list = Json::array();
    if (fault.empty()) return list;
    const auto add = [&](const char* provider, const std::string& credential) {
      if (is(provider, credential)) list.push_back(Json{{"check", "credentials.never"}, {"provider", provider}, {"credential", credential}, {"after_fault", fault}, {"for", base::format_duration(time - time / 20)}});
    };
    for (int i = 1; i <= case_.keys; ++i) add("acme", fmt::format("key-{}", i));
    for (int i = 1; i <= case_.spare_keys; ++i) add("spare", fmt::format("spare-{}", i));
    return list;
  }

  void budgets() {
    const int targets = case_.spare_keys > 0 ? 2 : 1;
    // Each key once, three tries of each target, one resend on a connection that died, and the least bad key once.
    const auto bound = static_cast<std::size_t>(case_.keys + case_.spare_keys + 3 * targets + 2);
    FlatMap<std::uint32_t, std::size_t> attempts;
    for (const auto& mark : marks_) {
      if (mark.kind != K::attempt) continue;
      if (++attempts[mark.e] > bound) {
        return violate("attempts-bounded", fmt::format("request {} made more than {} attempts", mark.d, bound), Json::array({Json{{"check", "attempts.max"}, {"max", bound}, {"to", {{"reply", "m*"}}}}}));
      }
    }
  }

  /// One of the two providers, or the only one, never had a fault.
  bool one_is_clean() const {
    const auto clean = [&](int provider) {
      return std::none_of(case_.moves.begin(), case_.moves.end(), [&](const Move& move) { return move.kind == Move::Kind::fault && move.provider == provider; });
    };
    return clean(0) || (case_.spare_keys > 0 && clean(1));
  }
  /// What was under way while no process took requests may have been lost with it.
  bool was_down(base::Instant from, base::Instant to) const {
    bool down = false;
    base::Instant since;
    for (const auto& mark : marks_) {
      if (!down && (mark.kind == K::drain || mark.kind == K::crash || mark.kind == K::exit)) down = true, since = mark.at;
      if (down && mark.kind == K::ready) {
        if (from <= mark.at && to >= since) return true;
        down = false;
      }
    }
    return down && to >= since;
  }
  /// Only refusals of single keys, and at least one key of the first provider never met one.
  bool key_clean() const {
    FlatSet<int> refused;
    for (const auto& move : case_.moves) {
      if (move.kind != Move::Kind::fault) continue;
      const auto name = kFaultChoices[move.fault].name;
      if (move.provider != 0 || move.key == 0 || (name != "401" && name != "402" && name != "429")) return false;
      refused.insert(move.key);
    }
    return static_cast<int>(refused.size()) < case_.keys;
  }
  bool may_cut() const {
    return std::any_of(case_.moves.begin(), case_.moves.end(), [](const Move& move) { return move.kind == Move::Kind::fault && kFaultChoices[move.fault].after_content; });
  }

  void replies() {
    std::uint32_t last = 0;
    for (const auto& mark : marks_) {
      if (mark.kind == K::request) last = std::max(last, mark.a);
    }
    const bool must = one_is_clean(), key_must = key_clean();
    FlatMap<std::uint32_t, base::Instant> sent;
    // A process that left while it was being asked leaves nobody to signal: the steps end there, and so does what can be said of them.
    const bool ended = case_.ending && failed_ == nullptr;
    if (failed_ != nullptr && std::holds_alternative<WaitStep>(failed_->what)) violate("comes-back", "the gateway did not come back", Json::array());
    if (ended && keys_stay_good()) primary_answers(last);
    for (const auto& mark : marks_) {
      if (mark.kind == K::request) sent[mark.a] = mark.at;
      if (mark.kind != K::reply) continue;
      if ((mark.d & kDishonest) != 0) violate("honest", fmt::format("request {} ended as a success with something missing ({})", mark.a, at(mark)), honest_checks());
      const bool whole = (mark.d & kWhole) != 0;
      if (ended && mark.a == last && !whole) violate("heals", fmt::format("after everything was well again a request got {}", mark.b), reply_check("healed", {{"complete", true}}));
      const bool honest_cut = may_cut() && !case_.commit_complete && (mark.d & kErrorEvent) != 0;
      if (whole || mark.c == kEndedLeft || !(must || key_must) || was_down(sent[mark.a], mark.at)) continue;
      const auto got = mark.b == 200 ? std::string("a cut reply (200)") : std::to_string(mark.b);
      if (key_must) {
        violate("healthy-key", fmt::format("request {} got {} although a key that nobody refused was left ({})", mark.a, got, at(mark)), reply_check("m*", {{"complete", true}}));
      }
      if (must && !honest_cut) {
        violate("healthy-answers", fmt::format("request {} got {} although a healthy provider was left ({})", mark.a, got, at(mark)), reply_check("m*", {{"complete", true}}));
      }
    }
  }

  /// A key that is empty, revoked or limited may stay out longer than a case waits.
  bool keys_stay_good() const {
    return std::none_of(case_.moves.begin(), case_.moves.end(), [](const Move& move) {
      const auto name = kFaultChoices[move.fault].name;
      return move.kind == Move::Kind::fault && move.provider == 0 && (name == "402" || name == "401" || name == "429");
    });
  }

  void primary_answers(std::uint32_t last) {
    static const auto primary = static_cast<std::uint32_t>(base::hash_text("acme"));
    const bool asked = std::any_of(marks_.begin(), marks_.end(), [&](const Mark& mark) { return mark.kind == K::attempt && mark.d == last && mark.b == primary; });
    if (asked) return;
    violate("primary-returns", "an hour after the first target was well again a request still went around it",
            Json::array({Json{{"check", "attempts.count"}, {"provider", "acme"}, {"from", {{"request", "healed"}}}, {"count", {{"min", 1}}}}}));
  }

  Json honest_checks() const {
    Json list = Json::array();
    for (std::size_t i = 0; i < case_.moves.size(); ++i) {
      const auto kind = case_.moves[i].kind;
      if (kind == Move::Kind::ask_stream) {
        list.push_back(Json{{"check", "reply"}, {"reply", fmt::format("m{}", i + 1)}, {"whole_or_error", true}, {"words", 8}});
        if (may_cut()) list.push_back(Json{{"check", "stream"}, {"reply", fmt::format("m{}", i + 1)}, {"terminator", false}});
      }
      const bool plain = kind == Move::Kind::ask || kind == Move::Kind::ask_chat || kind == Move::Kind::ask_anthropic || kind == Move::Kind::ask_background || kind == Move::Kind::chat_background;
      if (plain) list.push_back(Json{{"check", "reply"}, {"reply", fmt::format("m{}", i + 1)}, {"whole_or_error", true}, {"words", 8}});
      if (kind == Move::Kind::herd) list.push_back(Json{{"check", "reply"}, {"reply", fmt::format("m{}*", i + 1)}, {"whole_or_error", true}, {"words", 8}});
    }
    if (case_.ending) list.push_back(Json{{"check", "reply"}, {"reply", "healed"}, {"whole_or_error", true}, {"words", 8}});
    return list;
  }

  void life() {
    std::optional<Mark> drain;
    std::size_t alive = 0;
    for (const auto& mark : marks_) {
      if (mark.kind == K::boot && ++alive > 1) violate("one-generation", fmt::format("a second process was started at {}", at(mark)), Json::array());
      const bool end = mark.kind == K::exit || mark.kind == K::crash;
      if (end && alive > 0) --alive;
      if (drain && (end || mark.kind == K::healed || &mark == &marks_.back())) {
        const auto limit = drain->at + std::chrono::milliseconds{drain->b} + kDrainSlack;
        if (mark.at > limit) violate("drain-ends", fmt::format("the drain begun at {} had not ended at {}", at(*drain), at(mark)), Json::array({Json{{"check", "restart.completes"}, {"drain", "18s"}}}));
        if (end) drain.reset();
      }
      if (mark.kind == K::drain && !drain) drain = mark;
    }
  }

  /// The name of a client's step. Clients are numbered as they are sent.
  std::string name_of(std::uint32_t client) const {
    for (std::size_t i = 0; i < case_.moves.size(); ++i) {
      const auto kind = case_.moves[i].kind;
      const std::uint32_t sent = kind == Move::Kind::herd ? 4 : kind < Move::Kind::herd || kind == Move::Kind::hang_up ? 1 : 0;
      if (client <= sent) return client > 1 ? fmt::format("m{}.{}", i + 1, client) : fmt::format("m{}", i + 1);
      client -= sent;
    }
    return "healed";
  }

  /// While a healthy provider or key is left, a request that the gateway had before a drain ends well, or not before the drain's time is over.
  void drains() {
    const bool must = one_is_clean();
    if (!must && !key_clean()) return;
    FlatMap<std::uint32_t, base::Instant> sent;
    FlatMap<std::uint32_t, std::uint32_t> client_of, met;  // by attempt: the client; by client: the code of the last fault
    std::optional<Mark> drain;
    for (const auto& mark : marks_) {
      if (mark.kind == K::request) sent[mark.a] = mark.at;
      if (mark.kind == K::attempt) client_of[mark.a] = mark.d;
      if (mark.kind == K::answer) met[client_of[mark.a]] = mark.d;
      if (mark.kind == K::crash || mark.kind == K::ready) drain.reset();
      if (mark.kind == K::drain && !drain) drain = mark;
      if (!drain || mark.kind != K::reply || (mark.d & kWhole) != 0 || mark.c == kEndedLeft) continue;
      const auto time = std::chrono::milliseconds{drain->c};
      if (sent[mark.a] + kLearnTime >= drain->at || mark.at >= drain->at + time) continue;
      if (may_cut() && !case_.commit_complete && (mark.d & kErrorEvent) != 0) continue;  // the provider cut it
      // What a provider holds for longer than the drain has is cut in the end, too; all else is answered.
      const auto fault = met[mark.a];
      const bool held = fault != 0 && kFaultChoices[fault - 1].name.starts_with("hang");
      const auto least = drain->at - sent[mark.a] + time - std::chrono::seconds{1};
      return violate("drain-serves", fmt::format("request {} was cut {} after a drain began that had {} ({})", mark.a, base::human_duration(mark.at - drain->at), base::human_duration(time), at(mark)),
                     reply_check(name_of(mark.a), held ? Json{{"at_least", base::format_duration(least)}} : Json{{"complete", true}}));
    }
  }

  bool nothing_in_the_background() const {
    return std::none_of(case_.moves.begin(), case_.moves.end(), [](const Move& move) { return move.kind == Move::Kind::ask_background || move.kind == Move::Kind::chat_background; });
  }

  Json turn_checks() const {
    auto check = Json::array({Json{{"check", "session.turns"}, {"session", "s1"}, {"transcript", "transcript"}}});
    // The crash that proves it comes after the last reply: whatever is asked then was asked before.
    if (!case_.moves.empty() && case_.moves.back().kind == Move::Kind::ask_chat && nothing_in_the_background()) {
      check.push_back(Json{{"check", "attempts.count"}, {"from", {{"reply", fmt::format("m{}", case_.moves.size())}}}, {"count", 0}});
    }
    return check;
  }

  void turns() {
    FlatMap<std::pair<std::uint32_t, std::uint32_t>, std::array<int, 3>> counts;
    int answered = 0, replies = 0;
    for (const auto& mark : marks_) {
      if (mark.kind == K::turn_accepted) ++counts[{mark.a, mark.b}][0];
      if (mark.kind == K::turn_answered) ++counts[{mark.a, mark.b}][1], ++answered;
      if (mark.kind == K::turn_failed) ++counts[{mark.a, mark.b}][2];
      if (mark.kind == K::reply && (mark.d & kChat) != 0 && (mark.d & kWhole) != 0) ++replies;
    }
    for (const auto& [turn, count] : counts) {
      if (count[1] > 1) violate("turns-once", fmt::format("turn {} was answered {} times", turn.second, count[1]), turn_checks());
      if (count[1] + count[2] == 0) violate("turns-once", fmt::format("turn {} was accepted and never answered or reported", turn.second), turn_checks());
    }
    if (replies > answered) violate("turns-once", fmt::format("{} chat replies were given, but only {} turns are kept", replies, answered), turn_checks());
  }

  const Case& case_;
  const Step* failed_;
  const std::vector<Mark>& marks_;
  std::optional<Violation> found_;
};

}  // namespace

std::span<const Rule> rules() { return kRules; }

std::optional<Violation> judge_trace(const Case& what, const Step* failed, const Trace& trace) { return Judge(what, failed, trace).judge(); }

}  // namespace harness::explore
