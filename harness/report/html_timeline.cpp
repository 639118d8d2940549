// The timeline: a row for each entry, in words, with its data to unfold.
#include <fmt/format.h>

#include "base/redact.h"
#include "base/text.h"
#include "harness/history/describe.h"
#include "harness/report/html_parts.h"

namespace harness::page {
namespace {

constexpr std::size_t kDataMax = 4000;  // bytes of an entry's data shown; a body may be 64 KiB

std::string row(const Shown& shown, const Entry& entry) {
  const bool marked = shown.marked.contains(entry.seq);
  const bool near = shown.near.contains(entry.seq);
  const auto data = entry.data.empty() ? std::string() : base::shorten(base::dump_pretty(entry.data), kDataMax);
  std::string out = fmt::format("<tr id=\"{}\" data-lane=\"{}\" class=\"{}\"{}>", entry_id(shown, entry.seq), html(entry.lane),
                                marked ? "marked" : near ? "near" : "", marked ? " aria-current=\"true\"" : "");
  out += fmt::format("<td class=\"t\">{:.3f}</td><td class=\"l l-{}\">{}</td><td>", base::seconds(entry.at), html(entry.lane), html(entry.lane));
  const auto words = html(describe(entry));
  if (data.empty()) out += words;
  else out += fmt::format("<details><summary>{}</summary><pre>{}</pre></details>", words, html(data));
  return out + "</td></tr>\n";
}

}  // namespace

std::string html(std::string_view text) {
  std::string out;
  for (const char c : base::to_valid_utf8(base::Redactor{}.apply(text))) {
    const auto u = static_cast<unsigned char>(c);
    if (c == '&') out += "&amp;";
    else if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else if (c == '"') out += "&quot;";
    else if (c == '\'') out += "&#39;";
    else if ((u < 0x20 && c != '\n' && c != '\t') || u == 0x7F) out += "\xEF\xBF\xBD";
    else out += c;
  }
  return out;
}

std::string entry_id(const Shown& shown, std::uint64_t seq) { return fmt::format("r{}-e{}", shown.number, seq); }

bool on_page(const Shown& shown, std::uint64_t seq) {
  return std::any_of(shown.lines.begin(), shown.lines.end(), [&](const Entry* entry) { return entry->seq == seq; });
}

std::string timeline(const Shown& shown) {
  std::string out = fmt::format("<table class=\"timeline\"><caption>Timeline of {}: {} lines</caption>\n<thead><tr><th scope=\"col\">s</th><th scope=\"col\">who</th>"
                                "<th scope=\"col\">what</th></tr></thead>\n<tbody>\n",
                                html(shown.run->verdict->scenario), shown.lines.size());
  for (const auto* entry : shown.lines) out += row(shown, *entry);
  out += "</tbody></table>\n";
  if (shown.left_out > 0) out += fmt::format("<p class=\"quiet\">{} more lines are in {}/history.jsonl</p>\n", shown.left_out, html(shown.run->folder));
  return out;
}

}  // namespace harness::page
