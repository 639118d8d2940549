// Histories and paths of chat sessions.
#include "gateway/core/sessions.h"

#include "gateway/core/limits.h"

namespace gateway {

TurnRecord* Session::turn(std::int64_t number) {
  for (auto it = turns.rbegin(); it != turns.rend(); ++it) {
    if (it->number == number) return &*it;
  }
  return nullptr;
}

std::vector<Turn> Session::history(std::int64_t number, const std::string& system_prompt) const {
  std::vector<Turn> result;
  if (!system_prompt.empty()) result.push_back({"system", system_prompt});
  for (const TurnRecord& record : turns) {
    if (record.number == number) result.push_back({"user", record.text});
    if (record.number >= number) break;
    if (record.kind != TurnRecord::Kind::answered) continue;
    result.push_back({"user", record.text});
    result.push_back({"assistant", record.reply});
  }
  return result;
}

Session* Sessions::find(std::string_view name) {
  const auto found = all.find(name);
  return found == all.end() ? nullptr : &found->second;
}

bool Sessions::good_name(std::string_view name) {
  if (name.empty() || name.size() > kSessionNameMax) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_' || c == '.' || c == ':' ||
           c == '@' || c == '+';
  });
}

std::optional<ChatPath> parse_chat_path(std::string_view path) {
  if (!path.starts_with("/chat/")) return std::nullopt;
  path.remove_prefix(6);
  ChatPath result;
  const auto slash = path.find('/');
  result.session = path.substr(0, slash);
  if (slash == std::string_view::npos) return result;
  if (path.substr(slash) != "/messages") return std::nullopt;
  result.messages = true;
  return result;
}

base::Json session_json(std::string_view name, const Session& session) {
  static constexpr base::Names<TurnRecord::Kind, 4> kWords{{"accepted", "answered", "failed", "reported"}};
  base::Json turns = base::Json::array();
  for (const TurnRecord& turn : session.turns) {
    base::Json one{{"number", turn.number}, {"text", turn.text}, {"reply", turn.reply}, {"state", kWords(turn.kind)}};
    if (turn.reason != Reason::none) one["reason"] = kReasonNames(turn.reason);
    turns.push_back(std::move(one));
  }
  return {{"session", name}, {"suspended", session.mark.suspended}, {"turns", std::move(turns)}};
}

}  // namespace gateway
