// The page: complete in itself, sound as markup whatever a run said, and honest about what failed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "tests/harness/report/told.h"

namespace harness {
namespace {

using testing::HasSubstr;
using testing::Not;

std::vector<std::string> all_matches(const std::string& text, const char* pattern) {
  const std::regex regex(pattern);
  std::vector<std::string> found;
  for (std::sregex_iterator it(text.begin(), text.end(), regex), end; it != end; ++it) found.push_back((*it)[1]);
  return found;
}

/// Without the script and the style sheet, whose text is no markup.
std::string markup(std::string page) {
  for (const auto& [open, close] : {std::pair<std::string, std::string>{"<script>", "</script>"}, {"<style>", "</style>"}}) {
    const auto from = page.find(open);
    page.erase(from, page.find(close, from) + close.size() - from);
  }
  return page;
}

/// Every element that opens closes, in order. Returns the first fault, or nothing.
std::string markup_fault(const std::string& page) {
  static const std::set<std::string> alone{"meta", "input", "!DOCTYPE", "br"};
  std::vector<std::string> open;
  std::size_t at = 0;
  const auto text = markup(page);
  while ((at = text.find('<', at)) != std::string::npos) {
    const auto end = text.find('>', at);
    if (end == std::string::npos) return "an element without an end";
    const bool closing = text[at + 1] == '/';
    const auto from = at + (closing ? 2 : 1);
    const auto name = text.substr(from, text.find_first_of(" >\n", from) - from);
    if (closing) {
      if (open.empty() || open.back() != name) return "</" + name + "> closes " + (open.empty() ? "nothing" : "<" + open.back() + ">");
      open.pop_back();
    } else if (!alone.contains(name)) {
      open.push_back(name);
    }
    at = end;
  }
  return open.empty() ? "" : "<" + open.back() + "> is never closed";
}

TEST(Html, APageOfEveryVerdictIsSoundMarkup) {
  const Told passed = passed_run(), failed = failed_run(), unknown = unknown_run(), skipped = skipped_run();
  EXPECT_EQ(markup_fault(render_html(std::vector{passed.reported(), failed.reported(), unknown.reported(), skipped.reported()}, {})), "");
}

TEST(Html, NothingIsFetchedFromElsewhere) {
  const auto told = failed_run();
  const auto page = render_html(std::vector{told.reported()}, {});
  for (const char* banned : {"src=", "url(", "@import", "<link", "fetch(", "XMLHttpRequest", "<iframe", "<img"}) EXPECT_THAT(page, Not(HasSubstr(banned)));
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
  for (const auto& target : all_matches(page, "href=\"([^\"]*)\"")) {
    EXPECT_TRUE(target.starts_with("#") || target.starts_with("https://example.org/")) << target;
  }
}

TEST(Html, EveryLinkLeadsToARowOfThePage) {
  const Told failed = failed_run(), unknown = unknown_run();
  const auto page = render_html(std::vector{failed.reported(), unknown.reported()}, {});
  const auto ids = all_matches(page, " id=\"([^\"]*)\"");
  EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), ids.size()) << "an id stands twice";
  for (const auto& target : all_matches(page, "href=\"#([^\"]*)\"")) EXPECT_THAT(ids, testing::Contains(target));
}

TEST(Html, AFailureShowsExpectedSeenWhenWhereAndTheLinesAround) {
  const auto told = failed_run();
  const auto page = render_html(std::vector{told.reported()}, {});
  const auto& result = *told.verdict.decisive();
  ASSERT_TRUE(result.entry);
  EXPECT_THAT(page, HasSubstr("<h3>reply failed</h3>"));
  for (const char* part : {"<dt>expected</dt>", "<dt>seen</dt>", "<dt>when</dt>", "<dt>where</dt>", "<dt>around</dt>"}) EXPECT_THAT(page, HasSubstr(part));
  EXPECT_THAT(page, HasSubstr(fmt::format("<tr id=\"r1-e{}\" data-lane=\"client\" class=\"marked\" aria-current=\"true\">", *result.entry)));
  EXPECT_THAT(page, HasSubstr("simulate --scenario billing-402 --seed 7"));
  EXPECT_THAT(page, HasSubstr("<details class=\"story\" open>")) << "what failed is open without scripts";
}

TEST(Html, LanesAreThereForEachKeyEvenAnUnusedOne) {
  const auto told = passed_run();
  const auto page = render_html(std::vector{told.reported()}, {});
  for (const char* lane : {"client", "gateway", "acme key-a", "acme key-b", "spare key-s", "manager"}) {
    EXPECT_THAT(page, HasSubstr(fmt::format("<div class=\"who\">{}</div>", lane)));
  }
}

TEST(Html, WhateverARunSaysStaysText) {
  const std::string evil = "</script><script>alert(1)</script><b onmouseover=\"x\">'\" & \x01\xFF";
  auto story = told_story();
  story.request(2, evil).reply(2, evil, 500, {{"text", evil}, {"error", evil}, {evil, evil}}).log(evil, {{evil, evil}});
  story.tried(9, evil, evil, 500, evil);
  auto told = tell(evil, R"({"check":"reply","reply":"first","text":"pang"})", story.end());
  told.scenario.title = told.scenario.why = told.verdict.file = evil;
  told.scenario.origin = {evil, "javascript:alert(1)", "https://x/\"onclick=\"y"};
  told.verdict.results[0].seen = told.verdict.results[0].expected = evil;
  const auto page = render_html(std::vector{told.reported()}, {});

  EXPECT_EQ(markup_fault(page), "");
  EXPECT_EQ(page.find("<script>alert"), std::string::npos);
  EXPECT_THAT(page, Not(HasSubstr("<b onmouseover")));
  EXPECT_THAT(page, Not(HasSubstr("href=\"javascript")));
  EXPECT_EQ(all_matches(page, "(<script)").size(), 1U);
}

TEST(Html, ALongRunStaysReadableAndKeepsWhatFailed) {
  Story story;
  for (int i = 1; i <= 5000; ++i) story.request(i, i == 1 ? "burst" : "burst." + std::to_string(i)).reply(i, i == 1 ? "burst" : "burst." + std::to_string(i), i == 4000 ? 500 : 200);
  const auto told = tell("long", R"({"check":"reply","reply":"burst","status":200})", story.end());
  const auto page = render_html(std::vector{told.reported()}, {});
  EXPECT_LT(page.size(), 4'000'000U);
  EXPECT_THAT(page, HasSubstr("more lines are in runs/1/history.jsonl"));
  EXPECT_THAT(page, HasSubstr("#4000 burst.4000 500"));
  EXPECT_EQ(markup_fault(page), "");
}

TEST(Html, TheSameRunsGiveTheSameBytes) {
  const auto told = failed_run();
  EXPECT_EQ(render_html(std::vector{told.reported()}, {}), render_html(std::vector{told.reported()}, {}));
}

}  // namespace
}  // namespace harness
