// What a client makes of an answer: the members of a `reply` entry (docs/history.md). Pure; written from the providers' public documents.
#pragma once

#include <optional>
#include <string>

#include "base/headers.h"
#include "harness/dialogue/sse_reader.h"
#include "harness/scenario/scenario.h"

namespace harness {

class ReplyReader {
 public:
  /// `text`: of a reply that is plainly a success only status, text and terminator are read, and entry() must not be asked for.
  enum class Reads : std::uint8_t { everything, text };
  /// `start`: when the request was sent, on the run's clock.
  ReplyReader(Api api, base::Duration start, Reads reads = Reads::everything);
  ReplyReader(const ReplyReader&) = delete;

  void head(int status, const base::Headers& headers, base::Duration at);
  void body(std::string_view bytes, base::Duration at);
  /// Nothing more comes: what a plain reply says is read. Call it once.
  void close(base::Duration at);
  /// After close(): the whole entry but id and as. `ended`: complete, fin, rst, timeout, hung-up, refused.
  base::Json entry(std::string_view ended, base::Duration at) const;
  base::Json finish(std::string_view ended, base::Duration at) {
    close(at);
    return entry(ended, at);
  }

  int status() const { return status_; }
  const std::string& text() const { return text_; }
  bool terminator() const { return streaming_ && terminator_; }
  bool error_event() const { return streaming_ && error_event_; }
  bool streaming() const { return streaming_; }
  std::int64_t events() const { return events_; }
  std::optional<base::Duration> first_content() const { return first_content_; }

 private:
  void on_event(const std::string& name, const std::string& data);
  void on_content(const std::string& text);
  void read_error(const base::Json& json);
  void read_plain();
  void read_openai_chunk(const base::Json& json);
  void read_anthropic_event(const base::Json& json);
  void read_responses_event(const base::Json& json);
  void read_chat_event(const std::string& name, const base::Json& json);
  void note_model(const base::Json& json);
  void note_usage(const base::Json& json);

  Api api_;
  Reads reads_;
  base::Duration start_, now_, last_event_;
  std::optional<base::Duration> first_content_;
  base::Duration largest_gap_{0};
  int status_ = 0;
  base::Headers headers_;
  std::string body_, text_, finish_, reason_, hint_, code_, error_, model_;
  std::optional<base::Json> usage_;
  bool streaming_ = false, terminator_ = false, error_event_ = false, body_cut_ = false;
  std::int64_t events_ = 0;
  SseReader sse_;
};
inline constexpr std::size_t kReplyBodyKept = 64U << 10;

}  // namespace harness
