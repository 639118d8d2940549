// The manager's control socket: calls of the fronts, and the verbs of whoever runs the scenario. Moves bytes; the driver decides.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "harness/manager/process_driver/driver.h"

namespace harness::manager {

class Control {
 public:
  Control(Loop& loop, Driver& driver, Log& log) : loop_(loop), driver_(driver), log_(log) {}
  ~Control();
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;

  /// False with errno set when the socket cannot be bound.
  bool open(const std::string& path);
  bool shutdown_wanted() const { return shutdown_; }

 private:
  struct Client {
    int fd = -1;
    std::string in, out;
    bool finished = false;  ///< its last frame is in `out`
    ClientId call = 0;
    base::Instant since;
  };
  void accept_all();
  void serve(int fd, std::uint32_t events);
  void take(Client& client, char kind, std::string payload);
  base::Json answer(const base::Json& request);
  base::Json state_of(const std::string& unit) const;
  void send(Client& client, char kind, std::string_view payload);
  void flush(int fd);
  void drop(int fd);
  Client* client_of(ClientId call);

  Loop& loop_;
  Driver& driver_;
  Log& log_;
  int listener_ = -1;
  std::string path_;
  ClientId next_ = 1;
  std::map<int, Client> clients_;
  bool shutdown_ = false;
};

}  // namespace harness::manager
