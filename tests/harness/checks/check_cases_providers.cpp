// Stories of what the providers saw.
#include "tests/harness/checks/story.h"

namespace harness {
namespace {

constexpr auto pass = Verdict::pass;
constexpr auto fail = Verdict::fail;
constexpr auto unknown = Verdict::unknown;

/// key-a is empty, key-b answers.
Story rotated() {
  Story story;
  story.at(1).request(1, "first").tried(1, "acme", "key-a", 402, "402").tried(2, "acme", "key-b", 200).reply(1, "first", 200);
  return story;
}
Story hammered() {
  Story story;
  story.at(1).request(1, "first").tried(1, "acme", "key-a", 402, "402").at(2).tried(2, "acme", "key-a", 402, "402").at(4).tried(3, "acme", "key-b", 200).reply(1, "first", 200);
  return story;
}
Story fell_back(double after) {
  Story story;
  story.at(1).request(1, "first").tried(1, "acme", "key-a", 503, "503").after(after).tried(2, "spare", "key-s", 200).reply(1, "first", 200);
  return story;
}
Story left(std::string_view how, double after) {
  Story story;
  story.at(1).request(1, "first").attempt(1, "acme", "key-a").at(2).reply(1, "first", 0, {{"ended", "hung-up"}}).after(after).ended(1, "acme", how);
  return story;
}

}  // namespace

std::vector<Case> provider_cases() {
  std::vector<Case> cases;
  cases.push_back({"credentials.order", "as_wanted", R"("provider":"acme","is":["key-a","key-b"])", pass, rotated().end()});
  cases.push_back({"credentials.order", "empty_key_again", R"("provider":"acme","is":["key-a","key-b"])", fail, hammered().end()});
  cases.push_back({"credentials.order", "distinct", R"("provider":"acme","is":["key-a","key-b"],"distinct":true)", pass, hammered().end()});
  cases.push_back({"credentials.order", "none", R"("provider":"acme","is":["key-a"])", fail, Story().end()});
  cases.push_back({"credentials.order", "in_a_window", R"("provider":"acme","is":["key-b"],"from":{"answer":1,"fault":"402"})", pass, rotated().end()});
  cases.push_back({"credentials.order", "window_never_came", R"("provider":"acme","is":["key-b"],"from":{"exit":1})", unknown, rotated().end()});
  cases.push_back({"credentials.attempts", "once", R"("provider":"acme","credential":"key-a","count":1)", pass, rotated().end()});
  cases.push_back({"credentials.attempts", "twice", R"("provider":"acme","credential":"key-a","count":1)", fail, hammered().end()});
  cases.push_back({"credentials.never", "not_again", R"("provider":"acme","credential":"key-a","after_fault":"402","for":"1h")", pass, rotated().end()});
  cases.push_back({"credentials.never", "again", R"("provider":"acme","credential":"key-a","after_fault":"402","for":"1h")", fail, hammered().end()});
  cases.push_back({"credentials.never", "again_but_later", R"("provider":"acme","credential":"key-a","after_fault":"402","for":"500ms")", pass, hammered().end()});
  cases.push_back({"credentials.never", "at_all", R"("provider":"acme","credential":"key-b")", fail, rotated().end()});
  cases.push_back({"credentials.never", "no_such_fault", R"("provider":"acme","credential":"key-a","after_fault":"401")", unknown, rotated().end()});
  cases.push_back({"attempts.max", "few", R"("max":3,"provider":"acme")", pass, hammered().end()});
  cases.push_back({"attempts.max", "many", R"("max":2,"provider":"acme")", fail, hammered().end()});
  cases.push_back({"attempts.max", "in_a_window", R"("max":1,"provider":"acme","window":"1500ms")", fail, hammered().end()});
  cases.push_back({"attempts.max", "spread_out", R"("max":1,"provider":"acme","window":"900ms")", pass, hammered().end()});
  cases.push_back({"attempts.count", "some", R"("count":{"min":1,"max":3},"provider":"acme","to":{"reply":"first"})", pass, hammered().end()});
  cases.push_back({"attempts.count", "none", R"("count":{"min":1},"provider":"spare")", fail, hammered().end()});
  cases.push_back({"attempts.count", "too_many_of_a_kind", R"("count":1,"provider":"acme","fault":"4*")", fail, hammered().end()});
  cases.push_back({"attempts.gap", "waited", R"("provider":"acme","min":"900ms","max":"3s")", pass, hammered().end()});
  cases.push_back({"attempts.gap", "did_not_wait", R"("provider":"acme","min":"1.5s")", fail, hammered().end()});
  cases.push_back({"attempts.gap", "only_the_first", R"("provider":"acme","min":"980ms","max":"1s","first":1)", pass, hammered().end()});
  cases.push_back({"attempts.gap", "waited_too_long", R"("provider":"acme","max":"1s")", fail, hammered().end()});
  cases.push_back({"attempts.gap", "retry_after", R"("retry_after":true)", fail, Story().tried(1, "acme", "key-a", 429, "429").attempt(2, "acme", "key-a", {{"too_early_ms", 1500}}).end()});
  cases.push_back({"attempts.gap", "retry_after_flag", R"("retry_after":true)", fail, Story().tried(1, "acme", "key-a", 429, "429").attempt(2, "acme", "key-a", {{"too_early", true}}).end()});
  cases.push_back({"fallback.used", "used", R"("provider":"spare","reply":"first","within":"2s")", pass, fell_back(1).end()});
  cases.push_back({"fallback.used", "late", R"("provider":"spare","reply":"first","within":"2s")", fail, fell_back(30).end()});
  cases.push_back({"fallback.used", "not_used", R"("provider":"spare","reply":"first","within":"2s")", fail, rotated().end()});
  cases.push_back({"fallback.used", "never_tried", R"("provider":"spare")", fail, rotated().end()});
  cases.push_back({"fault.fired", "fired", R"("provider":"acme","fault":"402","count":1)", pass, rotated().end()});
  cases.push_back({"fault.fired", "too_often", R"("provider":"acme","fault":"402","count":1)", fail, hammered().end()});
  cases.push_back({"upstream.cancelled", "at_once", R"("provider":"acme","within":"1s","reply":"first")", pass, left("client-fin", 0.1).end()});
  cases.push_back({"upstream.cancelled", "late", R"("provider":"acme","within":"1s")", fail, left("client-rst", 20).end()});
  cases.push_back({"upstream.cancelled", "went_on", R"("provider":"acme","within":"1s")", fail, left("complete", 20).end()});
  cases.push_back({"upstream.cancelled", "nobody_left", R"("provider":"acme")", unknown, rotated().end()});
  return cases;
}

}  // namespace harness
