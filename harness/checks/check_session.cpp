// Sessions of the chat front: no turn lost, none answered twice.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.h"
#include "harness/checks/outcome.h"

namespace harness::checks {
namespace {

/// The list of turns somewhere in a transcript: the first array whose items are objects with a text of their own.
const Json* turns_in(const Json& value) {
  if (value.is_array() && !value.empty() && value.front().is_object() &&
      (value.front().contains("role") || value.front().contains("text") || value.front().contains("reply"))) {
    return &value;
  }
  if (!value.is_object() && !value.is_array()) return nullptr;
  for (const auto& [key, member] : value.items()) {
    if (const auto* found = turns_in(member)) return found;
  }
  return nullptr;
}

std::string said(const Json& turn) {
  for (const auto* key : {"text", "content", "user"}) {
    if (const auto text = base::string_or(turn, key); !text.empty()) return text;
  }
  return {};
}

bool by_user(const Json& turn) { return base::string_or(turn, "role", "user") == "user"; }

/// Whether the turn at `i` has what came of it: in itself, or in the next item.
bool answered(const Json& turns, std::size_t i) {
  for (const auto* key : {"reply", "error", "answer", "assistant"}) {
    const auto* value = base::find(turns[i], key);
    if (value && !value->is_null() && !(value->is_string() && value->get<std::string>().empty())) return true;
  }
  return turns[i].contains("role") && i + 1 < turns.size() && !by_user(turns[i + 1]);
}

void judge_transcript(Outcome& out, const std::map<std::string, std::int64_t>& sent, const Entry& reply) {
  const auto* raw = base::find(reply.data, "body");
  const auto body = raw && raw->is_string() ? base::parse_wire_json(raw->get<std::string>()) : raw ? std::optional(*raw) : std::nullopt;
  const auto* turns = body ? turns_in(*body) : nullptr;
  std::map<std::string, std::int64_t> shown;
  for (std::size_t i = 0; turns && i < turns->size(); ++i) {
    if (!by_user((*turns)[i])) continue;
    const auto text = said((*turns)[i]);
    ++shown[text];
    if (sent.contains(text) && !answered(*turns, i)) out.fail(fmt::format("the turn {} with its answer", quote(text)), "it stands there without one", &reply);
  }
  for (const auto& [text, times] : sent) {
    const auto seen = shown.contains(text) ? shown.at(text) : 0;
    if (seen != times) out.fail(fmt::format("the turn {} {} in the transcript", quote(text), times == 1 ? "once" : fmt::format("{} times", times)), seen == 0 ? "it is not there" : fmt::format("{} times", seen), &reply);
  }
}

}  // namespace

void check_turns(Outcome& out) {
  const auto session = out.text("session");
  std::map<std::string, std::int64_t> sent;
  std::int64_t turns = 0;
  for (const auto& exchange : out.view().exchanges()) {
    if (base::string_or(exchange.request->data, "session") != session || base::string_or(exchange.request->data, "method", "POST") != "POST") continue;
    ++turns;
    ++sent[base::string_or(exchange.request->data, "text")];
    // With a transcript, a turn whose caller was cut off by a crash may still be there: the transcript decides.
    if (out.has("transcript")) continue;
    if (exchange.replies.size() != 1) {
      out.fail(fmt::format("{} answered exactly once", exchange.as), fmt::format("{} times", exchange.replies.size()), exchange.request);
    } else if (!whole(exchange)) {
      out.fail(fmt::format("{} answered", exchange.as), fmt::format("{}, ended {}", base::integer_or(exchange.reply()->data, "status", 0), base::string_or(exchange.reply()->data, "ended", "complete")), exchange.reply());
    }
  }
  if (turns == 0) return out.unknown("turns of the session " + session, "none was sent in this run");
  out.count_fits("turns of the session " + session, turns, out.count("count", {1, kNoMaximum}), nullptr);
  if (out.has("transcript")) {
    const auto list = out.view().named(out.text("transcript"));
    if (list.empty() || !list.back()->reply()) return out.unknown("the transcript " + out.text("transcript"), "it was never read");
    judge_transcript(out, sent, *list.back()->reply());
  }
  if (!out.failed()) out.tell(fmt::format("{} turns, each once", turns));
}

}  // namespace harness::checks
