// What every command that speaks of the service needs: its configuration as far as it can be read, its files, the running process.
#pragma once

#include <optional>
#include <string>

#include "gateway/service/config_file.h"
#include "gateway/service/instance.h"
#include "gateway/service/manager.h"

namespace gateway {

struct Context {
  std::string config_file;
  bool config_read = false;  ///< false: missing or wrong; the defaults stand in, the service may run all the same
  std::string config_problem;
  Config config;
  InstanceFiles files;
  std::optional<InstanceInfo> instance() const { return running_instance(files.lock); }
  /// Where a running gateway answers: what it wrote down itself, else the configuration.
  std::string listen_address() const;
  std::string admin_address() const;
};
/// `unit` overrides the configuration's.
Context make_context(const std::string& config, const std::string& unit);

struct HttpAnswer {
  int status = 0;  ///< 0: no answer
  std::string body;
  std::string failure;
};
/// One short exchange with the gateway itself; every part of it is bounded. cpp-httplib underneath.
HttpAnswer http_get(const std::string& address, const std::string& path, base::Duration bound);
HttpAnswer http_post(const std::string& address, const std::string& path, base::Duration bound);

}  // namespace gateway
