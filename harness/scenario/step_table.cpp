#include "harness/scenario/step_table.h"

#include <algorithm>
#include <array>

#include "harness/scenario/check_table.h"
#include "harness/scenario/scenario.h"

namespace harness {
namespace {

using T = ParamType;

constexpr std::array kSend{
    ParamRow{"api", T::words, "which front; chat-completions without", false, kApiNames},
    ParamRow{"text", T::text, "what the user says; \"ping\" without"},
    ParamRow{"model", T::text, "the model or route; \"default\" without"},
    ParamRow{"stream", T::flag, "whether a stream is wanted"},
    ParamRow{"session", T::text, "the session of the chat front"},
    ParamRow{"body", T::any, "replaces the body that is made up"},
    ParamRow{"raw", T::text, "bytes as they are, on a fresh connection"},
    ParamRow{"method", T::text, "replaces the front's own"},
    ParamRow{"path", T::text, "replaces the front's own"},
    ParamRow{"headers", T::map, "more headers"},
    ParamRow{"key", T::text, "the caller's key, sent as the front's SDK would"},
    ParamRow{"count", T::integer, "so many requests; 1 without"},
    ParamRow{"concurrency", T::integer, "so many at a time; 1 without"},
    ParamRow{"rate", T::number, "so many a second; as fast as it goes without"},
    ParamRow{"think", T::duration, "a pause between two of them"},
    ParamRow{"hang_up_after", T::duration, "the client leaves after this time"},
    ParamRow{"hang_up_events", T::integer, "the client leaves after so many events of the stream"},
    ParamRow{"slow_reader", T::flag, "the client reads slowly"},
    ParamRow{"connect_ahead", T::duration, "the connection is made so long before the request is sent"},
    ParamRow{"background", T::flag, "go on with the next step at once"},
    ParamRow{"timeout", T::duration, "the harness's own patience; 10m without"},
};
constexpr std::array kCli{
    ParamRow{"args", T::texts, "after \"gateway\"", true},
    ParamRow{"input", T::text, "its stdin"},
    ParamRow{"env", T::map, "more environment"},
    ParamRow{"background", T::flag, "go on with the next step at once"},
    ParamRow{"timeout", T::duration, "the harness's own patience; 5m without"},
};
constexpr std::array<std::string_view, 3> kTargets{"main", "group", "control"};
constexpr std::array<std::string_view, 13> kSignals{"HUP", "INT", "QUIT", "KILL", "TERM", "USR1", "USR2", "STOP", "CONT", "ABRT", "SEGV", "PIPE", "ALRM"};
constexpr std::array kSignal{
    ParamRow{"signal", T::words, "the signal", true, kSignals},
    ParamRow{"to", T::words, "which process; main without", false, kTargets},
};
constexpr std::array kScript{
    ParamRow{"provider", T::provider, "whose rules", true},
    ParamRow{"replace", T::any, "these rules instead of all others"},
    ParamRow{"add", T::any, "these rules after the others"},
    ParamRow{"clear", T::flag, "true: no rules any more, the provider is healthy"},
};
constexpr std::array kAccount{
    ParamRow{"provider", T::provider, "the provider", true},
    ParamRow{"credential", T::credential, "the key", true},
    ParamRow{"top_up", T::number, "so much more credit"},
    ParamRow{"credit", T::number, "exactly so much credit"},
    ParamRow{"revoked", T::flag, "the key is not valid any more"},
    ParamRow{"region_blocked", T::flag, "the key is blocked for its region"},
    ParamRow{"models_blocked", T::texts, "models this key may not use"},
};
constexpr std::array kManager{
    ParamRow{"fault", T::text, "a fault of the manager, with its own members"},
    ParamRow{"systemctl", T::texts, "or a plain call of systemctl --user"},
};
constexpr std::array<std::string_view, 5> kDiskNames{"full", "read-only", "ok", "corrupt", "missing"};
constexpr std::array kDisk{ParamRow{"state", T::words, "what the state folder is like from now on", true, kDiskNames}};
constexpr std::array kWait{
    ParamRow{"time", T::duration, "a plain pause"},
    ParamRow{"until", T::text, "a condition, with its own members"},
    ParamRow{"deadline", T::duration, "how long the condition may take; 60s without. Past it the step has failed"},
};
constexpr std::array kParallel{ParamRow{"branches", T::any, "lists of steps, run side by side", true}};
constexpr std::array kRepeat{ParamRow{"times", T::integer, "how often", true}, ParamRow{"steps", T::any, "the steps", true}};
constexpr std::array kEdit{
    ParamRow{"set", T::object, "path in the configuration (\"retry.attempts\") → value"},
    ParamRow{"raw", T::text, "or the whole file, as it is"},
    ParamRow{"reload", T::flag, "send SIGHUP afterwards; true without"},
};
constexpr std::span<const ParamRow> kNone{};

}  // namespace

std::span<const StepRow> step_rows() {
  static const std::array rows{
      StepRow{"send", "a client sends a request and waits for its reply", kSend, ShortForm::text, "the text", reply_rows(),
              R"({"send":{"text":"ping","stream":true},"as":"first","expect":{"status":200,"within":"5s"}})"},
      StepRow{"cli", "runs a command of the gateway", kCli, ShortForm::texts, "the arguments", cli_rows(), R"({"cli":["restart"],"as":"restart","expect":{"code":0}})"},
      StepRow{"signal", "sends a signal to the gateway", kSignal, ShortForm::text, "the signal", kNone, R"({"signal":"USR1"})"},
      StepRow{"script", "changes the rules of a provider; a list of changes is applied at once", kScript, ShortForm::list, "several changes", kNone,
              R"({"script":{"provider":"acme","replace":[{"fault":"402"}]}})"},
      StepRow{"account", "changes an account at a provider", kAccount, ShortForm::none, "", kNone, R"({"account":{"provider":"acme","credential":"key-a","top_up":5}})"},
      StepRow{"manager", "a fault of the service manager, or a systemctl call", kManager, ShortForm::text, "the fault", cli_rows(), R"({"manager":{"fault":"delay-ready","by":"5s"}})"},
      StepRow{"disk", "changes the gateway's state folder", kDisk, ShortForm::text, "the state", kNone, R"({"disk":"full"})"},
      StepRow{"wait", "waits for a condition, or for a time", kWait, ShortForm::text, "a time", kNone, R"({"wait":{"until":"attempts","provider":"acme","count":2,"deadline":"10s"}})"},
      StepRow{"parallel", "runs lists of steps side by side", kParallel, ShortForm::list, "the branches", kNone, R"({"parallel":[[{"send":"a"}],[{"send":"b"}]]})"},
      StepRow{"repeat", "runs steps several times", kRepeat, ShortForm::none, "", kNone, R"({"repeat":{"times":3,"steps":[{"send":"ping"}]}})"},
      StepRow{"edit-config", "changes the gateway's configuration file", kEdit, ShortForm::none, "", kNone, R"({"edit-config":{"set":{"retry.attempts":1}}})"},
  };
  return rows;
}

const StepRow* find_step(std::string_view verb) {
  const auto rows = step_rows();
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return row.verb == verb; });
  return found == rows.end() ? nullptr : &*found;
}

}  // namespace harness
