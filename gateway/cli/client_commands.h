// `gateway status`, `keys` and `chat`: clients of a running gateway.
#pragma once

#include <string>

namespace gateway {

struct ClientArguments {
  std::string config, unit, address, key;
  bool json = false;
  std::string verb, target;  ///< keys: reset, disable, enable; PROVIDER/LABEL
  std::string session = "terminal", text, model;
};
int status_command(const ClientArguments& arguments);
int keys_command(const ClientArguments& arguments);
int chat_command(const ClientArguments& arguments);

/// The words of `status`, from the admin port's JSON; "" when there is nothing to say of it. Pure.
std::string status_text(const std::string& status_json);
std::string keys_text(const std::string& keys_json);

}  // namespace gateway
