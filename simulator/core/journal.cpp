#include "simulator/core/journal.h"

namespace simulator {

base::Json JournalEvent::to_json() const {
  using base::Json;
  Json json{{"seq", seq}, {"at_ns", at.since_start.count()}};
  switch (kind) {
    case Kind::attempt:
      json["event"] = "attempt";
      json["attempt"] = attempt;
      json["connection"] = connection;
      json["provider"] = provider;
      json["credential"] = credential.empty() ? Json(nullptr) : Json(credential);
      json["model"] = model;
      json["method"] = method;
      json["path"] = path;
      json["stream"] = stream;
      json["nth"] = nth;
      json["nth_credential"] = nth_credential;
      json["too_early"] = too_early;
      if (!space.empty()) json["space"] = space;
      json["body"] = body;
      break;
    case Kind::answer:
      json["event"] = "answer";
      json["attempt"] = attempt;
      json["provider"] = provider;
      json["status"] = status;
      json["fault"] = fault.empty() ? Json(nullptr) : Json(fault);
      json["rule"] = rule ? Json(*rule) : Json(nullptr);
      json["events"] = events;
      json["bytes"] = bytes;
      break;
    case Kind::end:
      json["event"] = "end";
      json["attempt"] = attempt;
      json["provider"] = provider;
      json["ended"] = ended;
      json["events"] = events;
      json["bytes"] = bytes;
      break;
  }
  return json;
}

const JournalEvent& Journal::append(JournalEvent event) {
  event.seq = next_++;
  bytes_ += event.body.size();
  events_.push_back(std::move(event));
  while (events_.size() > kJournalEventsMax || bytes_ > kJournalBytesMax) {
    bytes_ -= events_.front().body.size();
    events_.pop_front();
  }
  return events_.back();
}

base::Json Journal::since(std::uint64_t since, std::string_view space, std::size_t max) const {
  auto list = base::Json::array();
  if (events_.empty()) return list;
  const auto first = events_.front().seq;
  for (auto i = since > first ? static_cast<std::size_t>(since - first) : 0; i < events_.size() && list.size() < max; ++i) {
    if (space == "*" || events_[i].space == space) {
      auto json = events_[i].to_json();
      for (const auto* key : {"body", "path", "model"}) {
        if (json.contains(key)) json[key] = redactor_.apply(base::string_or(json, key));
      }
      list.push_back(std::move(json));
    }
  }
  return list;
}

}  // namespace simulator
