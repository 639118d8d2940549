// The chat front: turns of one session in order, each durable before it is answered, each finished or reported once after a crash.
#include "base/text.h"
#include "gateway/core/engine.h"
#include "gateway/core/limits.h"

namespace gateway {
namespace {

/// A session's callers that wait for their turn: more than this is a runaway client.
constexpr std::size_t kSessionQueueMax = 64;

}  // namespace

void Engine::chat(const RequestArrived& event, const Caller& caller, const ChatPath& path) {
  const HttpRequest& http = event.request;
  if (!Sessions::good_name(path.session)) {
    return refuse(caller, 400, Reason::caller_fault, "a session's name has 1 to 128 letters, digits or -_.:@+", {}, "session");
  }
  if (path.messages) {
    if (http.method != "POST") return refuse_method(caller, http.method, "POST");
    return chat_ask(event, caller, path);
  }
  Session* session = sessions_.find(path.session);
  if (http.method != "GET" && http.method != "DELETE") return refuse_method(caller, http.method, "GET, DELETE");
  if (!session) return refuse(caller, 404, Reason::caller_fault, "there is no session " + path.session, "not_found");
  if (http.method == "GET") return reply_json(caller.id, 200, session_json(path.session, *session), caller.trace);
  if (!session->waiting.empty()) {
    return refuse(caller, 409, Reason::caller_fault, "a turn of session " + path.session + " is running; delete it when it has ended", "session_busy");
  }
  sessions_.all.erase(path.session);
  persist(DeleteSession{path.session});
  reply_json(caller.id, 200, {{"session", path.session}, {"deleted", true}}, caller.trace);
}

void Engine::chat_ask(const RequestArrived& event, const Caller& caller, const ChatPath& path) {
  const HttpRequest& http = event.request;
  if (!admitted(caller) || !json_body(caller, http)) return;
  const auto body = base::parse_wire_json(http.body);
  const base::Json* text = body && body->is_object() ? base::find(*body, "text") : nullptr;
  if (!text || !text->is_string() || text->get_ref<const std::string&>().empty()) {
    return refuse(caller, 400, Reason::caller_fault, "the body is {\"text\": \"…\"} with a text that is not empty", {}, "text");
  }
  Session* known = sessions_.find(path.session);
  if (!known && static_cast<std::int64_t>(sessions_.all.size()) >= config().limits.sessions) {
    return refuse(caller, 429, Reason::limit, "there are " + std::to_string(sessions_.all.size()) + " sessions (limits.sessions)");
  }
  if (known && known->mark.suspended) {
    return refuse(caller, 409, Reason::caller_fault, "session " + path.session + " was active at " + std::to_string(known->mark.crashes_in_a_row) + " crashes in a row and is suspended; delete it to begin anew", "session_suspended");
  }
  if (known && (static_cast<std::int64_t>(known->turns.size()) >= config().limits.session_turns || known->waiting.size() >= kSessionQueueMax)) {
    return refuse(caller, 429, Reason::limit, "session " + path.session + " is full (limits.session_turns) or too many of its turns wait");
  }
  auto made = new_request(caller, http);
  made->session = path.session;
  made->chat_text = text->get<std::string>();
  made->chat_model = base::string_or(*body, "model", "default");
  made->ask.front = Dialect::chat;
  made->ask.model = made->chat_model;
  made->ask.stream = base::icontains(http.headers.get("accept"), "text/event-stream");
  chat_accept(std::move(made), known ? *known : sessions_.all[path.session]);
}

void Engine::chat_accept(std::unique_ptr<Request> made, Session& session) {
  TurnRecord record;
  record.session = made->session;
  record.number = session.next_number();
  record.text = made->chat_text;
  made->turn = record.number;
  session.turns.push_back(record);
  persist(StoreTurn{std::move(record)});
  session.waiting.push_back(made->id);
  Request& r = add_request(std::move(made));
  if (session.waiting.size() == 1) {
    chat_begin(r);
  } else {
    schedule(r);  // it waits its turn, under its deadline
  }
}

void Engine::chat_begin(Request& r) {
  Session& session = *sessions_.find(r.session);
  r.ask = chat_request(session.history(r.turn, r.setup->config.system_prompt), r.chat_model, r.ask.stream);
  r.route = r.setup->route_for(r.chat_model);
  if (!r.route || r.route->targets.empty()) return cut(r, Reason::model_not_found, "no route serves the model " + base::printable(r.chat_model, 120));
  begin_request(r);
}

/// After the end of a turn: the session's next caller, if one waits.
void Engine::chat_next(const std::string& name) {
  Session* session = sessions_.find(name);
  if (!session || session->waiting.empty()) return;
  const RequestId front = session->waiting.front();
  if (find_request(front)) return;  // the one that ended was further back, and its turn is running
  session->waiting.pop_front();
  while (!session->waiting.empty()) {
    if (Request* next = find_request(session->waiting.front())) return chat_begin(*next);
    session->waiting.pop_front();
  }
}

void Engine::chat_close(Request& r, TurnRecord::Kind kind, std::string reply, Reason reason) {
  Session* session = sessions_.find(r.session);
  TurnRecord* record = session ? session->turn(r.turn) : nullptr;
  if (!record) return;
  record->kind = kind;
  record->reply = std::move(reply);
  record->reason = reason;
  persist(StoreTurn{*record});
  if (kind == TurnRecord::Kind::answered && session->mark.crashes_in_a_row > 0) {
    session->mark = SessionMark{r.session, 0, false};
    persist(StoreSession{session->mark});
  }
}

/// The caller of a turn has left: nobody waits for the answer, and the next turn must not build on it.
void Engine::chat_leave(const Request& r) {
  if (r.session.empty()) return;
  Session* session = sessions_.find(r.session);
  TurnRecord* record = session ? session->turn(r.turn) : nullptr;
  if (!record) return;
  record->kind = TurnRecord::Kind::failed;
  record->reply = "the caller left before the answer";
  persist(StoreTurn{*record});
}

/// Turns that the last process accepted and did not answer: asked again, in their order, or reported when that has led to crashes.
void Engine::revive_turns() {
  for (auto& [name, session] : sessions_.all) {
    std::vector<std::int64_t> open;
    for (const TurnRecord& turn : session.turns) {
      if (turn.kind == TurnRecord::Kind::accepted) open.push_back(turn.number);
    }
    if (open.empty()) continue;
    if (options_.after_crash) {
      session.mark.session = name;
      ++session.mark.crashes_in_a_row;
    }
    const bool again = options_.after_crash && !session.mark.suspended && policy_.fate(session.mark.crashes_in_a_row) == TurnFate::ask_again;
    if (options_.after_crash) {
      session.mark.suspended = !again;
      persist(StoreSession{session.mark});
    }
    if (says(Level::warn)) log(Level::warn, again ? "turns asked again" : "turns reported", {{"session", name}, {"turns", open.size()}, {"crashes_in_a_row", session.mark.crashes_in_a_row}});
    for (const std::int64_t number : open) {
      TurnRecord& turn = *session.turn(number);
      if (!again) {
        turn.kind = TurnRecord::Kind::reported;
        turn.reply = "⚠️ The gateway stopped before this turn was answered.\nPlease send it again.";
        persist(StoreTurn{turn});
        continue;
      }
      auto made = std::make_unique<Request>();
      made->id = RequestId{kInternalIds | ++internal_made_};
      made->setup = setup_;
      made->front = made->ask.front = Dialect::chat;
      made->internal = true;
      made->trace = make_trace({}, ids_);
      made->arrived = now_.instant;
      made->deadline = now_.instant + config().deadline;
      made->session = name;
      made->turn = number;
      made->chat_text = turn.text;
      made->chat_model = made->ask.model = "default";
      session.waiting.push_back(made->id);
      schedule(add_request(std::move(made)));
    }
  }
  std::vector<RequestId> first;
  for (const auto& [name, session] : sessions_.all) {
    if (!session.waiting.empty()) first.push_back(session.waiting.front());
  }
  for (const RequestId id : first) {
    if (Request* r = find_request(id)) chat_begin(*r);
  }
}

}  // namespace gateway
