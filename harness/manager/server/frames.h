// What goes over the manager's control socket: frames of a length, a kind and bytes. Header only and without the library's strings,
// because the fronts, which must start in no time, speak it too.
#pragma once

#include <cstddef>
#include <cstdint>

namespace harness::manager::frames {

/// [4 bytes length of kind + payload, little endian][kind][payload]
inline constexpr std::size_t kHeader = 5;
inline constexpr std::size_t kPayloadMax = 16U * 1024U * 1024U;

inline constexpr char kCall = 'C';     ///< front → manager: words, each ended by a zero byte: the program, then its arguments
inline constexpr char kOut = 'O';      ///< manager → front: bytes for standard output
inline constexpr char kErr = 'E';      ///< … for standard error
inline constexpr char kCode = 'R';     ///< … the exit code as one byte; the last frame
inline constexpr char kControl = 'J';  ///< client ↔ manager: a JSON object and its answer

/// Below $XDG_RUNTIME_DIR: where systemctl looks for a user manager too.
inline constexpr const char* kSocketName = "systemd/private";
inline constexpr const char* kNotifyName = "systemd/notify";

inline void write_header(unsigned char* to, char kind, std::size_t payload) {
  const auto size = static_cast<std::uint32_t>(payload + 1);
  to[0] = static_cast<unsigned char>(size & 0xff);
  to[1] = static_cast<unsigned char>((size >> 8) & 0xff);
  to[2] = static_cast<unsigned char>((size >> 16) & 0xff);
  to[3] = static_cast<unsigned char>((size >> 24) & 0xff);
  to[4] = static_cast<unsigned char>(kind);
}
/// The length of the payload; (std::size_t)-1 when the header is none.
inline std::size_t read_header(const unsigned char* from) {
  const std::uint32_t size = static_cast<std::uint32_t>(from[0]) | static_cast<std::uint32_t>(from[1]) << 8 | static_cast<std::uint32_t>(from[2]) << 16 |
                             static_cast<std::uint32_t>(from[3]) << 24;
  return size == 0 || size > kPayloadMax ? static_cast<std::size_t>(-1) : size - 1;
}

}  // namespace harness::manager::frames
