#include "tests/gateway/wire/support.h"

#include <gtest/gtest.h>

#include <fstream>

#include "gateway/wire/sse.h"

namespace gateway::wiretest {

std::string sample(const std::string& name) {
  static const base::Json all = [] {
    std::ifstream in(BROWNOUT_SOURCE_DIR "/tests/data/provider_success_samples.json");
    std::string text((std::istreambuf_iterator<char>(in)), {});
    return base::parse_wire_json(text).value();
  }();
  const auto* found = base::find(all, name);
  if (!found) ADD_FAILURE() << "no sample " << name;
  return !found ? std::string() : found->is_string() ? found->get<std::string>() : base::dump(*found);
}

std::string Run::bytes() const {
  std::string all;
  for (const auto& piece : pieces) {
    if (piece.kind != RelayPiece::Kind::ping) all += piece.bytes;
  }
  return all;
}

std::string Run::kinds() const {
  std::string all;
  for (const auto& piece : pieces) all += "scftpb"[static_cast<std::size_t>(piece.kind)];
  return all;
}

bool Run::operator==(const Run& other) const {
  if (kinds() != other.kinds() || text != other.text || model != other.model || terminated != other.terminated || content != other.content || finish != other.finish) return false;
  if (fault.has_value() != other.fault.has_value() || (fault && (fault->kind != other.fault->kind || fault->body != other.fault->body))) return false;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (pieces[i].bytes != other.pieces[i].bytes) return false;
  }
  return true;
}

Run run(const RelayOptions& options, std::string_view content_type, std::string_view bytes, const std::vector<std::size_t>& cuts, bool end) {
  Relay relay(options);
  Run result;
  relay.begin(content_type);
  std::size_t from = 0;
  for (const auto cut : cuts) {
    relay.feed(std::string(bytes.substr(from, cut - from)), result.pieces);  // a copy: the relay must keep no view
    from = cut;
  }
  relay.feed(std::string(bytes.substr(from)), result.pieces);
  if (end) relay.end(result.pieces);
  result.fault = relay.fault();
  result.content = relay.content_seen();
  result.finish = relay.finish_seen();
  result.terminated = relay.terminated();
  result.usage = relay.usage();
  result.text = relay.text();
  result.model = relay.model_answered();
  return result;
}

std::vector<std::size_t> every_byte(std::size_t size) {
  std::vector<std::size_t> cuts;
  for (std::size_t i = 1; i < size; ++i) cuts.push_back(i);
  return cuts;
}

std::vector<std::size_t> random_cuts(base::Random& random, std::size_t size) {
  std::vector<std::size_t> cuts;
  for (std::size_t at = random.below(40); at < size; at += random.chance(0.3) ? random.below(3) : random.below(200)) cuts.push_back(at);
  return cuts;
}

std::vector<Event> events_of(std::string_view sse) {
  std::vector<Event> events;
  SseDecoder decoder(kFrameMax);
  decoder.push(sse);
  SseFrame frame;
  while (decoder.next(frame)) {
    if (frame.comment) continue;
    auto data = base::parse_wire_json(frame.data);
    events.push_back({std::string(frame.event), data ? *data : base::Json(std::string(frame.data))});
  }
  return events;
}

}  // namespace gateway::wiretest
