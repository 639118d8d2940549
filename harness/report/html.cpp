// The page as a whole: what was run, what failed and why, and for each run its waterfall and timeline.
#include <fmt/format.h>

#include "base/text.h"
#include "harness/history/describe.h"
#include "harness/report/html_parts.h"

namespace harness {
namespace {

using page::html;
using page::Shown;

std::string badge(Verdict verdict) { return fmt::format("<span class=\"badge v-{0}\">{0}</span>", kVerdictNames(verdict)); }

void choose_lines(Shown& shown) {
  const auto& verdict = *shown.run->verdict;
  for (const auto& result : verdict.results) {
    if (result.verdict == Verdict::pass) continue;
    if (result.entry) shown.marked.insert(*result.entry);
    shown.near.insert(result.around.begin(), result.around.end());
  }
  const auto max = verdict.verdict == Verdict::pass ? page::kLinesPassedMax : page::kLinesFailedMax;
  std::size_t ordinary = 0;
  for (const auto* entry : shown.view->entries()) {
    const bool wanted = shown.near.contains(entry->seq) || shown.marked.contains(entry->seq);
    if (!wanted && (!worth_showing(*entry) || (entry->at > shown.view->teardown() && entry->lane != "harness"))) continue;
    if (!wanted && ++ordinary > max) ++shown.left_out;
    else shown.lines.push_back(entry);
  }
}

std::string around_html(const Shown& shown, const CheckResult& result) {
  std::string out;
  for (const auto seq : result.around) {
    for (const auto* entry : shown.view->entries()) {
      if (entry->seq != seq) continue;
      const bool decisive = result.entry == seq;
      out += fmt::format("<li{}><a href=\"#{}\">{:.3f}</a> <span class=\"l-{}\">{}</span> {}</li>\n", decisive ? " class=\"marked\"" : "",
                         page::entry_id(shown, seq), base::seconds(entry->at), html(entry->lane), html(entry->lane), html(describe(*entry)));
    }
  }
  return out.empty() ? out : "<dt>around</dt><dd><ol class=\"around\">" + out + "</ol></dd>\n";
}

std::string failure_html(const Shown& shown, const CheckResult& result) {
  const bool failed = result.verdict == Verdict::fail;
  std::string out = fmt::format("<article class=\"failure v-{}\"><h3>{} {}</h3>\n<dl>\n", kVerdictNames(result.verdict), html(result.check),
                                failed ? "failed" : "could not be judged");
  out += fmt::format("<dt>expected</dt><dd>{}</dd>\n<dt>seen</dt><dd>{}</dd>\n", html(result.expected), html(result.seen));
  if (result.at) out += fmt::format("<dt>when</dt><dd>{:.3f} s</dd>\n", base::seconds(*result.at));
  if (result.line > 0) out += fmt::format("<dt>where</dt><dd><code>{}:{}</code></dd>\n", html(shown.run->verdict->file), result.line);
  return out + around_html(shown, result) + "</dl></article>\n";
}

std::string checks_html(const RunVerdict& verdict) {
  if (verdict.results.empty()) return {};
  std::string out = "<details class=\"checks\"><summary>Checks: " + std::to_string(verdict.results.size()) + "</summary><table><thead><tr><th scope=\"col\">check</th>"
                    "<th scope=\"col\">verdict</th><th scope=\"col\">line</th><th scope=\"col\">what it says</th></tr></thead><tbody>\n";
  for (const auto& result : verdict.results) {
    const auto& words = result.verdict == Verdict::pass ? result.summary : result.seen;
    out += fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n", html(result.check), badge(result.verdict),
                       result.line > 0 ? std::to_string(result.line) : "always", html(words));
  }
  return out + "</tbody></table></details>\n";
}

std::string facts_html(const Reported& run) {
  std::string out = "<ul class=\"facts\">";
  const auto fact = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) out += fmt::format("<li>{} <b>{}</b></li>", name, html(value));
  };
  fact("took", base::human_duration(base::from_seconds(run.seconds)));
  fact("of the scenario's time", base::human_duration(run.verdict->length));
  fact("seed", std::to_string(run.seed));
  fact("speed", fmt::format("{}", run.speed));
  for (const std::string_view key : {"world", "target", "manager", "version"}) fact(key, run_fact(*run.history, key));
  return out + "</ul>\n";
}

std::string story_html(const Reported& run) {
  const auto* scenario = run.scenario;
  std::string out;
  if (scenario && !scenario->why.empty()) out += fmt::format("<p class=\"why\">{}</p>\n", html(scenario->why));
  if (scenario && !scenario->origin.empty()) {
    out += "<p class=\"quiet\">from ";
    bool first = true;
    for (const auto& each : scenario->origin) {
      // Only what is surely a web address becomes a link: a scenario is a file someone sent.
      const bool link = each.starts_with("https://");
      out += std::string(first ? "" : ", ") + (link ? fmt::format("<a href=\"{0}\" rel=\"noreferrer\">{0}</a>", html(each)) : html(each));
      first = false;
    }
    out += "</p>\n";
  }
  if (!run.repeat.empty()) out += fmt::format("<p class=\"repeat\">repeat <code>{}</code> <button type=\"button\" data-copy hidden>copy</button></p>\n", html(run.repeat));
  return out;
}

std::string run_html(const Reported& run, std::size_t number) {
  const auto& verdict = *run.verdict;
  const checks::View view(*run.history);
  Shown shown{.run = &run, .number = number, .view = &view};
  choose_lines(shown);
  const bool good = verdict.verdict == Verdict::pass || verdict.verdict == Verdict::skipped;
  const auto title = run.scenario ? run.scenario->title : std::string();
  std::string out = fmt::format("<section class=\"run v-{0}\" id=\"r{1}\" aria-labelledby=\"r{1}-h\">\n<h2 id=\"r{1}-h\">{2} <a href=\"#r{1}\">{3}</a> <small>{4}</small></h2>\n",
                                kVerdictNames(verdict.verdict), number, badge(verdict.verdict), html(verdict.scenario), html(title));
  if (verdict.verdict == Verdict::skipped) return out + fmt::format("<p>Skipped: {}</p>\n</section>\n", html(verdict.skipped));
  if (const auto summary = verdict.summary(); !summary.empty()) out += fmt::format("<p class=\"summary\">{}</p>\n", html(summary));
  for (const auto& result : verdict.results) {
    if (result.verdict == Verdict::fail || result.verdict == Verdict::unknown) out += failure_html(shown, result);
  }
  out += story_html(run) + facts_html(run) + checks_html(verdict);
  if (shown.lines.empty()) return out + "<p class=\"quiet\">There is no history.</p>\n</section>\n";
  out += fmt::format("<details class=\"story\"{}><summary>What happened</summary>\n", good ? "" : " open");
  out += page::waterfall(shown) + page::timeline(shown);
  return out + "</details>\n</section>\n";
}

std::string overview_html(std::span<const Reported> runs) {
  std::string out = "<nav aria-label=\"Runs\"><table class=\"overview\"><thead><tr><th scope=\"col\">verdict</th><th scope=\"col\">scenario</th><th scope=\"col\">took</th>"
                    "<th scope=\"col\">what it says</th></tr></thead><tbody>\n";
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const auto& verdict = *runs[i].verdict;
    const auto* decisive = verdict.decisive();
    const auto words = decisive ? decisive->check + ": " + decisive->seen : verdict.verdict == Verdict::skipped ? verdict.skipped : verdict.summary();
    out += fmt::format("<tr class=\"v-{}\"><td>{}</td><td><a href=\"#r{}\">{}</a></td><td class=\"t\">{:.2f} s</td><td>{}</td></tr>\n", kVerdictNames(verdict.verdict),
                       badge(verdict.verdict), i + 1, html(verdict.scenario), runs[i].seconds, html(base::shorten(words, 200)));
  }
  return out + "</tbody></table></nav>\n";
}

std::string counts_text(std::span<const Reported> runs) {
  const auto counts = count_verdicts(runs);
  std::vector<std::string> words;
  for (const auto& [verdict, word] : {std::pair{Verdict::fail, "failed"}, {Verdict::unknown, "unknown"}, {Verdict::pass, "passed"}, {Verdict::skipped, "skipped"}}) {
    if (const auto n = counts[static_cast<std::size_t>(verdict)]; n > 0) words.push_back(fmt::format("{} {}", n, word));
  }
  return words.empty() ? "no runs" : base::join(words, " · ");
}

constexpr std::string_view kFilter =
    "<form class=\"filter\" role=\"search\" hidden><label>Filter <input type=\"search\" placeholder=\"text, or lane:provider\" autocomplete=\"off\"></label> "
    "<output aria-live=\"polite\"></output> <span class=\"quiet\"><kbd>/</kbd> filter · <kbd>n</kbd> <kbd>p</kbd> next and previous failure</span></form>\n";

}  // namespace

std::string render_html(std::span<const Reported> runs, const ReportOptions& options) {
  const auto worst = worst_verdict(runs);
  const auto title = runs.size() == 1 ? runs.front().verdict->scenario : counts_text(runs);
  std::string out = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n<title>{}: {} · Brownout</title>\n<style>\n{}</style>\n</head>\n<body>\n",
      html(kVerdictNames(worst)), html(title), page::style_sheet());
  out += fmt::format("<header><h1>{} Brownout</h1><p>{}", badge(worst), html(counts_text(runs)));
  if (options.made.since_epoch.count() != 0) out += " · " + html(base::format_rfc3339(options.made));
  out += "</p>\n" + std::string(kFilter) + "</header>\n<main>\n";
  if (runs.size() > 1) out += overview_html(runs);
  for (std::size_t i = 0; i < runs.size(); ++i) out += run_html(runs[i], i + 1);
  return out + fmt::format("</main>\n<script>\n{}</script>\n</body>\n</html>\n", page::script());
}

}  // namespace harness
