// One strict pass over JSON text without building it: for the frames of a stream, where a tree would cost more than all else.
#pragma once

#include <string>
#include <string_view>
#include <utility>

namespace base {

/// Accepts what parse_wire_json accepts, but for a byte order mark and for more than kCursorDepthMax levels. Reads forward only. Every call
/// answers false on bad grammar or a type that is not there, and from then on always. Strings are given raw: between the quotes, escapes
/// unresolved.
class JsonCursor {
 public:
  explicit JsonCursor(std::string_view text) : at_(text.data()), end_(text.data() + text.size()), begin_(text.data()) {}
  bool enter_object();
  bool enter_array();
  /// The next key of the object entered last; false at its end (ok() stays true) or on a fault. A key with escapes is one: its name is for
  /// a full reader to tell.
  bool next_key(std::string_view& raw_key);
  /// Whether another item follows in the array entered last; its end is consumed.
  bool next_item();
  bool string(std::string_view& raw);
  bool integer(std::int64_t& value);
  bool boolean(bool& value);
  bool null();        ///< consumes a null; false (and no fault) when the value is another
  bool skip_value();  ///< any value, its grammar checked
  /// First character of the value to come; 0 at the end.
  char peek() {
    // Machines write no space between tokens.
    if (at_ < end_ && static_cast<unsigned char>(*at_) > ' ') return *at_;
    skip_space();
    return at_ < end_ ? *at_ : '\0';
  }
  bool at_end();      ///< nothing but white space is left, and no fault
  bool ok() const { return !failed_; }
  std::size_t position() const { return static_cast<std::size_t>(at_ - begin_); }

 private:
  bool fail();
  void skip_space();
  bool skip_string();
  bool skip_escaped();
  bool skip_scalar();
  bool skip_number();
  bool skip_number_at();
  bool skip_key();

  const char* at_;
  const char* end_;
  const char* begin_;
  bool first_ = false;  // right after a bracket: no comma is due
  bool failed_ = false;
};
inline constexpr int kCursorDepthMax = 60;

/// Of two members with one name a tree keeps the last: whoever reads without one leaves a second to it. One bit for each name.
class Once {
 public:
  bool operator()(unsigned bit) { return (std::exchange(seen_, seen_ | bit) & bit) == 0; }
  bool all(unsigned bits) const { return (seen_ & bits) == bits; }

 private:
  unsigned seen_ = 0;
};

/// The size of a raw string that begins at the start of `text`, up to its closing quote. Escapes are not looked into: unescape() does.
bool scan_string(std::string_view text, std::size_t& size);
/// Resolves the escapes of a raw string; false when it has some that need a real parser (surrogates) or is not UTF-8.
bool unescape(std::string_view raw, std::string& out);

}  // namespace base
