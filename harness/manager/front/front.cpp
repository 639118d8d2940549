// brownout-front: systemctl and journalctl of the mock service manager, told apart by argv[0]. Hands its words to the manager and prints what
// comes back. Linked statically and without the library's strings: it is started often, and must not take longer than the real one.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "harness/manager/server/frames.h"

namespace {

namespace frames = harness::manager::frames;

int fail(const char* text) {
  fprintf(stderr, "Failed to connect to bus: %s\n", text);
  return 1;
}

bool write_all(int fd, const void* bytes, size_t size) {
  const char* at = static_cast<const char*>(bytes);
  while (size > 0) {
    const ssize_t n = write(fd, at, size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    at += n;
    size -= static_cast<size_t>(n);
  }
  return true;
}
bool read_all(int fd, void* bytes, size_t size) {
  char* at = static_cast<char*>(bytes);
  while (size > 0) {
    const ssize_t n = read(fd, at, size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    at += n;
    size -= static_cast<size_t>(n);
  }
  return true;
}

int connect_to_manager(const char* folder) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const int length = snprintf(address.sun_path, sizeof address.sun_path, "%s/%s", folder, frames::kSocketName);
  if (length < 0 || static_cast<size_t>(length) >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return -1;
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  const int error = errno;
  close(fd);
  errno = error;
  return -1;
}

bool send_call(int fd, const char* program, int count, char** arguments) {
  size_t size = strlen(program) + 1;
  for (int i = 1; i < count; ++i) size += strlen(arguments[i]) + 1;
  char* bytes = static_cast<char*>(malloc(frames::kHeader + size));
  if (bytes == nullptr) return false;
  frames::write_header(reinterpret_cast<unsigned char*>(bytes), frames::kCall, size);
  char* at = bytes + frames::kHeader;
  at = stpcpy(at, program) + 1;
  for (int i = 1; i < count; ++i) at = stpcpy(at, arguments[i]) + 1;
  const bool sent = write_all(fd, bytes, frames::kHeader + size);
  free(bytes);
  return sent;
}

// -1: the manager went away without an exit code.
int print_reply(int fd) {
  while (true) {
    unsigned char header[frames::kHeader];
    if (!read_all(fd, header, sizeof header)) return -1;
    size_t left = frames::read_header(header);
    if (left == static_cast<size_t>(-1)) return -1;
    const char kind = static_cast<char>(header[4]);
    unsigned char code = 0;
    static char room[65536];
    while (left > 0) {
      const size_t part = left < sizeof room ? left : sizeof room;
      if (!read_all(fd, room, part)) return -1;
      code = static_cast<unsigned char>(room[0]);
      // A reader that left (`journalctl -f | head`) ends us as it ends the real one: by SIGPIPE.
      if (kind == frames::kOut && !write_all(STDOUT_FILENO, room, part)) return 1;
      if (kind == frames::kErr && !write_all(STDERR_FILENO, room, part)) return 1;
      left -= part;
    }
    if (kind == frames::kCode) return code;
  }
}

}  // namespace

int main(int count, char** arguments) {
  const char* program = count > 0 ? arguments[0] : "systemctl";
  if (const char* slash = strrchr(program, '/')) program = slash + 1;
  const char* folder = getenv("XDG_RUNTIME_DIR");
  if (folder == nullptr || *folder == '\0') {
    return fail("$DBUS_SESSION_BUS_ADDRESS and $XDG_RUNTIME_DIR not defined (consider using --machine=<user>@.host --user to connect to bus of other user)");
  }
  const int fd = connect_to_manager(folder);
  if (fd < 0) return fail(errno == ENOENT ? "No such file or directory" : strerror(errno));
  if (!send_call(fd, program, count, arguments)) return fail("Transport endpoint is not connected");
  const int code = print_reply(fd);
  if (code >= 0) return code;
  fprintf(stderr, "Warning! D-Bus connection terminated.\nFailed to wait for response: Connection reset by peer\n");
  return 1;
}
