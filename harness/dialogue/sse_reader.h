// Server-sent events as a client hears them (WHATWG HTML, section 9.2), incrementally. Written apart from the gateway's own decoder.
#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace harness {

class SseReader {
 public:
  /// `on_event(name, data)` for each event with data; `on_comment` for each comment line.
  std::function<void(const std::string& name, const std::string& data)> on_event;
  std::function<void()> on_comment;

  void feed(std::string_view bytes);

 private:
  void line(std::string_view text);
  std::string buffer_, name_, data_;
  bool has_data_ = false, skip_lf_ = false, started_ = false;
};

}  // namespace harness
