#include "gateway/wire/relay.h"

#include <array>

#include "base/text.h"
#include "gateway/wire/decoder.h"
#include "gateway/wire/encoder.h"
#include "gateway/wire/json_cursor.h"

namespace gateway {
namespace {

using Kind = ReplyEvent::Kind;
using Piece = RelayPiece::Kind;

constexpr std::size_t kFaultBodyMax = 64U << 10;  // what the classifier looks at

Dialect real_upstream(const RelayOptions& options) {
  // Embeddings come from providers of the other OpenAI dialects.
  if (options.front == Dialect::openai_embeddings) return Dialect::openai_embeddings;
  return options.upstream;
}

Piece piece_of(const ReplyEvent& event) {
  switch (event.kind) {
    case Kind::text:
    case Kind::reasoning:
    case Kind::redacted:
    case Kind::tool_start:
    case Kind::tool_arguments:
    case Kind::opaque: return Piece::content;
    case Kind::finish: return Piece::finish;
    case Kind::terminal: return Piece::terminal;
    default: return Piece::startup;
  }
}

bool is_content(const ReplyEvent& event) { return piece_of(event) == Piece::content; }

/// A refusal without a word of its own, as the error it is: the envelope that the classifier reads, and what came beside it.
std::string blocked_body(const std::string& word, std::string_view data) {
  constexpr std::size_t kKept = 4096;
  return base::dump(base::Json{{"error", {{"code", "content_filter"}, {"message", "The provider's safety system declined this request (" + word + ")."}}}, {"reply", data.substr(0, kKept)}});
}

/// The frame with LF line ends, its end made good, and the `event:` line without which Anthropic's clients see nothing.
std::string repaired(const SseFrame& frame, Dialect dialect) {
  std::string bytes;
  if (dialect == Dialect::anthropic_messages && frame.event.empty() && !frame.bare) {
    if (const auto json = base::parse_wire_json(frame.data)) {
      const auto type = base::string_or(*json, "type");
      if (!type.empty()) bytes = "event: " + type + "\n";
    }
  }
  if (frame.bare) return bytes + "data: " + base::dump(base::parse_wire_json(frame.data).value_or(base::Json())) + "\n\n";
  bytes.reserve(bytes.size() + frame.raw.size() + 2);
  for (std::size_t i = 0; i < frame.raw.size(); ++i) {
    const char c = frame.raw[i];
    if (c != '\r') bytes += c;
    else if (i + 1 == frame.raw.size() || frame.raw[i + 1] != '\n') bytes += '\n';
  }
  while (!bytes.ends_with("\n\n")) bytes += '\n';
  return bytes;
}

}  // namespace

struct Relay::Impl {
  explicit Impl(RelayOptions given) : options(std::move(given)), upstream(real_upstream(options)), decoder(make_decoder(upstream)) {
    same = options.front == upstream;
    encoder_options = {.include_usage = options.include_usage, .model_shown = options.model_shown, .id = options.id, .created = options.created};
  }

  enum class Form { unknown, stream, plain };

  void fail(RelayFault::Kind kind, std::string what, std::string_view seen = {}) {
    if (!fault) fault = RelayFault{kind, std::string(seen.substr(0, kFaultBodyMax)), std::move(what)};
  }

  // ---- what came ----
  bool sniff();
  void pump(std::vector<RelayPiece>& out);
  void on_frame(const SseFrame& frame, std::vector<RelayPiece>& out);
  bool read_tree(std::string_view trimmed);
  void on_body(std::vector<RelayPiece>& out);
  void on_done(const SseFrame* frame, std::vector<RelayPiece>& out);
  void finish_stream(std::vector<RelayPiece>& out);
  bool note(const ReplyEvent& event, std::string_view data);
  bool empty_at_end();

  // ---- what goes ----
  void emit(std::vector<RelayPiece>& out, Piece kind, std::string bytes);
  void translate(const ReplyEvent& event, std::vector<RelayPiece>& out);
  void pass(const SseFrame& frame, std::vector<RelayPiece>& out);
  bool passes() const { return same && options.stream; }

  RelayOptions options;
  Dialect upstream;
  bool same = false;
  EncoderOptions encoder_options;
  std::unique_ptr<Decoder> decoder;
  std::unique_ptr<Encoder> encoder;
  Form form = Form::unknown;
  bool sse_promised = false;
  std::string head;  // bytes before the form is known
  std::string body;  // of a plain reply
  SseDecoder sse{kFrameMax};
  std::vector<ReplyEvent> events;
  Gathered gathered;  // filled only when a plain body must be written
  std::optional<RelayFault> fault;
  std::optional<Usage> usage;
  bool content = false, carried = false, visible = false, finish = false, terminated = false, ended = false;
  Finish finish_kind = Finish::other;
  std::string last_finish;  // the JSON that carried it
  std::string text, model;
};

bool Relay::Impl::sniff() {
  // The body decides, the header only where it cannot: providers send either form under either type.
  constexpr std::string_view kBom = "\xEF\xBB\xBF";
  std::string_view have(head);
  if (have.size() < kBom.size() && kBom.starts_with(have)) return false;  // it may come in pieces like everything else
  if (have.starts_with(kBom)) have.remove_prefix(kBom.size());
  const auto at = have.find_first_not_of(" \t\r\n");
  if (at == std::string_view::npos) return false;
  have.remove_prefix(at);
  constexpr std::array<std::string_view, 5> kFields{"data:", "event:", ":", "id:", "retry:"};
  for (const auto field : kFields) {
    if (have.starts_with(field)) form = Form::stream;
    else if (field.starts_with(have)) return false;  // too few bytes to tell
  }
  // A stream that opens with an error and no framing is read as a plain body, which is what it is.
  if (form == Form::unknown) form = sse_promised && have.front() != '{' && have.front() != '[' && have.front() != '<' ? Form::stream : Form::plain;
  return true;
}

bool Relay::Impl::note(const ReplyEvent& event, std::string_view data) {
  if (is_content(event)) content = true;
  if (is_content(event) && event.kind != Kind::opaque) carried = true;
  switch (event.kind) {
    case Kind::start:
      if (model.empty()) model = event.name;
      break;
    case Kind::text:
      visible = true;
      if (options.keep_text && text.size() + event.text.size() <= kTextMax) text += event.text;
      break;
    case Kind::finish:
      if (!finish) {
        finish_kind = event.finish;
        last_finish = data.substr(0, kFaultBodyMax);
      }
      finish = true;
      if (!content && (finish_kind == Finish::content_filter || finish_kind == Finish::refusal)) {
        fail(RelayFault::Kind::error_event, "the provider's safety system declined (" + event.text + ")", blocked_body(event.text, data));
        return false;
      }
      break;
    case Kind::usage: usage = event.usage; break;
    case Kind::error:
      fail(RelayFault::Kind::error_event, "an error inside a 200", event.text);
      return false;
    default: break;
  }
  return true;
}

bool Relay::Impl::empty_at_end() {
  // What no other dialect can show (a picture, a server's own tool) is content to a caller of the same one only.
  const bool as_it_is = same && (form == Form::plain) == !options.stream;
  const bool nothing = options.front == Dialect::chat ? !visible : as_it_is ? !content : !carried;
  if (!nothing) return false;
  std::string what = "a reply without content";
  if (finish && finish_kind == Finish::length) what = "the token limit was reached before any content";
  if (finish && finish_kind == Finish::context_window) what = "the context window was full before any content";
  fail(RelayFault::Kind::empty, std::move(what), last_finish);
  return true;
}

void Relay::Impl::emit(std::vector<RelayPiece>& out, Piece kind, std::string bytes) {
  // A finish reason with nothing before it may turn out an empty reply: it must not pass the commit point.
  if (kind == Piece::finish && !content) kind = Piece::startup;
  if (bytes.empty() && kind == Piece::startup) return;
  out.push_back({kind, std::move(bytes)});
}

void Relay::Impl::translate(const ReplyEvent& event, std::vector<RelayPiece>& out) {
  if (!options.stream) {
    gathered.add(event);
    return;
  }
  if (!encoder) encoder = make_encoder(options.front, encoder_options);
  std::string bytes;
  encoder->event(event, bytes);
  emit(out, piece_of(event), std::move(bytes));
}

void Relay::Impl::pass(const SseFrame& frame, std::vector<RelayPiece>& out) {
  Piece first = Piece::startup;
  bool finishes = false, ends = false, drop = false;
  for (const auto& event : events) {
    const auto kind = piece_of(event);
    if (kind == Piece::content) first = Piece::content;
    finishes = finishes || kind == Piece::finish;
    ends = ends || kind == Piece::terminal;
    drop = drop || event.kind == Kind::duplicate;
  }
  if (drop) return;
  const bool whole = frame.lf_only && !frame.cut && !frame.bare && !(upstream == Dialect::anthropic_messages && frame.event.empty());
  auto bytes = whole ? std::string(frame.raw) : repaired(frame, upstream);
  // One frame, one piece with bytes; what else it says follows as pieces without.
  const Piece carrier = first == Piece::content ? first : ends ? Piece::terminal : finishes ? Piece::finish : Piece::startup;
  const bool comment = frame.comment || frame.data.empty() || (events.size() == 1 && events[0].kind == Kind::noise && events[0].name == "ping");
  emit(out, comment && carrier == Piece::startup ? Piece::ping : carrier, std::move(bytes));
  if (finishes && carrier == Piece::content) emit(out, Piece::finish, {});
  if (ends && carrier != Piece::terminal) emit(out, Piece::terminal, {});
}

void Relay::Impl::on_done(const SseFrame* frame, std::vector<RelayPiece>& out) {
  if (empty_at_end()) return;
  terminated = true;
  auto event = make_event(Kind::terminal);
  if (passes()) {
    emit(out, Piece::terminal, frame && frame->lf_only && !frame->cut ? std::string(frame->raw) : terminator(options.front));
    return;
  }
  translate(event, out);
  if (!options.stream) out.push_back({Piece::body, encode_plain(options.front, encoder_options, gathered)});
}

void Relay::Impl::on_frame(const SseFrame& frame, std::vector<RelayPiece>& out) {
  if (frame.comment || (frame.data.empty() && !frame.bare)) {
    if (passes()) emit(out, Piece::ping, repaired(frame, Dialect::openai_chat));
    else if (options.stream) emit(out, Piece::ping, keep_alive_comment(options.front));
    return;
  }
  if (base::trim(frame.data) == "[DONE]") {
    // Only chat/completions ends so; elsewhere a proxy's habit, worth something after a finish reason.
    if (upstream == Dialect::openai_chat) on_done(&frame, out);
    else if (finish) on_done(nullptr, out);
    return;
  }
  events.clear();
  if (!decoder->frame(frame, events)) {
    if (content || frame.bare) return;  // skipped: whether the reply is whole, its end will tell
    fail(RelayFault::Kind::malformed, "a frame that is no JSON: " + base::printable(frame.data, 120), frame.data);
    return;
  }
  bool ends = false;
  for (const auto& event : events) {
    if (!note(event, frame.data)) return;
    ends = ends || event.kind == Kind::terminal;
  }
  if (ends && empty_at_end()) return;
  if (passes()) {
    pass(frame, out);
    terminated = terminated || ends;
    return;
  }
  for (const auto& event : events) {
    if (event.kind == Kind::terminal) on_done(nullptr, out);
    else if (event.kind == Kind::noise && event.name == "ping" && options.stream) emit(out, Piece::ping, keep_alive_comment(options.front));
    else translate(event, out);
  }
}

/// Any whole body, by building its JSON; false: it was a fault.
bool Relay::Impl::read_tree(std::string_view trimmed) {
  const auto json = base::parse_wire_json(trimmed);
  if (!json) {
    const bool page = trimmed.front() == '<';
    fail(RelayFault::Kind::malformed, page ? "an HTML page where JSON is due" : "a body that is no JSON: " + base::printable(trimmed, 120), trimmed);
    return false;
  }
  if (auto error = error_inside(*json); !error.empty()) {
    fail(RelayFault::Kind::error_event, "an error inside a 200", error);
    return false;
  }
  if (decoder->body(*json, events)) return true;
  fail(RelayFault::Kind::malformed, "JSON of another shape than the dialect's: " + base::printable(trimmed, 120), trimmed);
  return false;
}

void Relay::Impl::on_body(std::vector<RelayPiece>& out) {
  const auto trimmed = base::trim(std::string_view(body).substr(body.starts_with("\xEF\xBB\xBF") ? 3 : 0));
  if (trimmed.empty()) return fail(RelayFault::Kind::empty, "a reply without a body");
  events.clear();
  const bool read = (upstream == Dialect::openai_chat && fast_plain_openai_chat(trimmed, events)) || (upstream == Dialect::anthropic_messages && fast_plain_anthropic(trimmed, events));
  if (!read && !read_tree(trimmed)) return;
  for (const auto& event : events) {
    if (!note(event, trimmed)) return;
  }
  if (last_finish.empty()) last_finish = trimmed.substr(0, kFaultBodyMax);
  if (empty_at_end()) return;
  if (same && !options.stream) {
    terminated = true;
    out.push_back({Piece::body, std::string(trimmed)});
    return;
  }
  for (const auto& event : events) {
    if (event.kind != Kind::terminal) translate(event, out);
  }
  terminated = true;
  if (options.stream) translate(make_event(Kind::terminal), out);
  else out.push_back({Piece::body, encode_plain(options.front, encoder_options, gathered)});
}

void Relay::Impl::pump(std::vector<RelayPiece>& out) {
  SseFrame frame;
  while (!fault && !terminated && sse.next(frame)) on_frame(frame, out);
  if (sse.too_large()) fail(RelayFault::Kind::too_large, "a frame of over " + std::to_string(kFrameMax) + " bytes");
}

void Relay::Impl::finish_stream(std::vector<RelayPiece>& out) {
  SseFrame frame;
  if (!terminated && sse.finish(frame)) {
    // Cut inside a frame: only what is whole in itself counts.
    const bool whole = base::trim(frame.data) == "[DONE]" || base::parse_wire_json(frame.data).has_value();
    if (whole) on_frame(frame, out);
    else if (!content) return fail(RelayFault::Kind::malformed, "the stream broke off inside its first frame", frame.data);
  }
  if (fault || terminated) return;
  if (!content && !finish) return fail(RelayFault::Kind::empty, "a stream without content");
  // A finish reason without the terminator is a whole reply; the caller gets the terminator from us.
  if (finish) on_done(nullptr, out);
}

Relay::Relay(RelayOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Relay::~Relay() = default;
Relay::Relay(Relay&&) noexcept = default;
Relay& Relay::operator=(Relay&&) noexcept = default;

void Relay::begin(std::string_view content_type) { impl_->sse_promised = base::icontains(content_type, "event-stream"); }

void Relay::feed(std::string_view bytes, std::vector<RelayPiece>& out) {
  auto& impl = *impl_;
  if (impl.fault || impl.terminated || impl.ended) return;
  if (impl.form == Impl::Form::unknown) {
    impl.head.append(bytes);
    if (!impl.sniff()) {
      if (impl.head.size() > kPlainBodyMax) impl.fail(RelayFault::Kind::too_large, "nothing but white space");
      return;
    }
    if (impl.form == Impl::Form::plain) impl.body = std::move(impl.head);
    else impl.sse.push(impl.head);
    impl.head.clear();
  } else if (impl.form == Impl::Form::plain) {
    impl.body.append(bytes);
  } else {
    impl.sse.push(bytes);
  }
  if (impl.form == Impl::Form::stream) return impl.pump(out);
  if (impl.body.size() > kPlainBodyMax) impl.fail(RelayFault::Kind::too_large, "a body of over " + std::to_string(kPlainBodyMax) + " bytes");
}

void Relay::end(std::vector<RelayPiece>& out) {
  auto& impl = *impl_;
  if (impl.fault || impl.terminated || impl.ended) return;
  impl.ended = true;
  if (impl.form == Impl::Form::stream) return impl.finish_stream(out);
  if (impl.form == Impl::Form::unknown) impl.body = std::move(impl.head);
  impl.on_body(out);
}

const std::optional<RelayFault>& Relay::fault() const { return impl_->fault; }
bool Relay::content_seen() const { return impl_->content; }
bool Relay::finish_seen() const { return impl_->finish; }
bool Relay::terminated() const { return impl_->terminated; }
std::optional<Usage> Relay::usage() const { return impl_->usage; }
const std::string& Relay::text() const { return impl_->text; }
const std::string& Relay::model_answered() const { return impl_->model; }

}  // namespace gateway
