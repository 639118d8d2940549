// Server-sent events, read incrementally: any slicing of the bytes gives the same frames. Knows nothing of what they mean.
#pragma once

#include <string>
#include <string_view>

namespace gateway {

/// One frame. The views live until the next call of the decoder.
struct SseFrame {
  std::string_view event;  ///< empty when the frame names none
  std::string_view data;   ///< its data lines, joined by LF
  std::string_view raw;    ///< as received, its blank line included (the LF of a last CRLF excepted)
  bool comment = false;    ///< a lone comment line
  bool lf_only = true;     ///< no CR in `raw`
  bool bare = false;       ///< no data lines: `data` holds lines that are no fields at all, beginning with a brace
  bool cut = false;        ///< the stream ended inside it
};

/// WHATWG HTML, "Interpreting an event stream": LF, CR and CRLF end lines, one BOM is skipped, one space after the colon is
/// not part of the value. Two leniencies, both seen from real providers: a bare JSON object between frames is delivered, and
/// so is what stands unended at the end (finish()).
class SseDecoder {
 public:
  explicit SseDecoder(std::size_t frame_max) : frame_max_(frame_max) {}
  void push(std::string_view bytes);
  /// False when more bytes are needed, or when too_large().
  bool next(SseFrame& frame);
  /// After the last byte: what is left, if it has data. Call after next() gave false.
  bool finish(SseFrame& frame);
  bool too_large() const { return too_large_; }

 private:
  struct Span {
    std::size_t begin = 0, size = 0;
  };
  bool skip_start();
  bool find_line(std::size_t& end);
  bool field_line(std::size_t begin, std::size_t end);
  void data_line(Span value);
  void bare_line(std::size_t begin, std::size_t end);
  void deliver(SseFrame& frame, std::size_t end);
  void clear_frame(std::size_t at);

  std::size_t frame_max_;
  std::string buffer_;
  std::size_t frame_begin_ = 0;  // where the frame in work begins
  std::size_t line_begin_ = 0;
  std::size_t searched_ = 0;     // no line end stands before this
  Span event_, data_;
  std::string joined_;           // of several data lines
  int data_lines_ = 0;
  bool any_field_ = false, has_cr_ = false, bare_ = false;
  bool at_start_ = true;
  bool swallow_lf_ = false;      // the last line ended in CR: a LF right after it belongs to it
  bool too_large_ = false;
};

}  // namespace gateway
