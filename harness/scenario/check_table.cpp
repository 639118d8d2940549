#include "harness/scenario/check_table.h"

#include <algorithm>
#include <array>

namespace harness {
namespace {

using enum ParamType;
constexpr std::array<std::string_view, 6> kEnded{"complete", "fin", "rst", "timeout", "hung-up", "refused"};

constexpr std::array kReply{
    ParamRow{"status", status, "the HTTP status; 0 is no reply"},
    ParamRow{"text", text, "the whole assembled text, exactly"},
    ParamRow{"contains", texts, "each stands in the text, the error message or the body"},
    ParamRow{"never", texts, "none stands in the text, the error message or the body"},
    ParamRow{"words", count, "how many words the text has"},
    ParamRow{"reason", ParamType::text, "the gateway's word for what went wrong"},
    ParamRow{"hint", ParamType::text, "the hint, exactly; \"\" is none"},
    ParamRow{"code", ParamType::text, "the error code"},
    ParamRow{"error", ParamType::text, "the error message; * and ? match"},
    ParamRow{"headers", map, "header → value (* and ? match), true (there) or false (not there)"},
    ParamRow{"body", map, "JSON pointer into the body → value; text may hold * and ?"},
    ParamRow{"within", duration, "from the request to the end of the reply"},
    ParamRow{"at_least", duration, "it took no less"},
    ParamRow{"ended", words, "how the connection ended", false, kEnded},
    ParamRow{"model", ParamType::text, "the model that the reply names; * and ? match"},
    ParamRow{"provider", ParamType::provider, "the provider that answered (x-gateway-provider, or the last attempt)"},
    ParamRow{"usage", flag, "whether the reply carries usage"},
    ParamRow{"complete", flag, "a whole success: 2xx, nothing missing, a stream with its finish or terminator and no error"},
    ParamRow{"whole_or_error", flag, "a whole success or a clear error; never a cut that looks like one. With words: so many when whole"},
    ParamRow{"terminator", flag, "the stream's last event ([DONE], message_stop) came"},
    ParamRow{"finish", ParamType::text, "the finish reason"},
    ParamRow{"error_event", flag, "an error event came inside the stream"},
    ParamRow{"events", count, "how many events"},
    ParamRow{"first_content", duration, "from the request to the first content"},
    ParamRow{"largest_gap", duration, "the longest silence between two events"},
    ParamRow{"least", integer, "so many of the replies must fit; without it, all"},
};

constexpr auto reply_params() {
  std::array<ParamRow, kReply.size() + 1> rows{};
  rows[0] = {"reply", reply, "the send step; its name means all of its requests, name.2 the second, * and ? match", true};
  std::copy(kReply.begin(), kReply.end(), rows.begin() + 1);
  return rows;
}
constexpr auto kReplyCheck = reply_params();

constexpr std::array kStream{
    ParamRow{"reply", reply, "the send step", true},
    ParamRow{"complete", flag, "ended as a success: finish or terminator, no error event, no cut"},
    ParamRow{"whole_or_error", flag, "complete, or ended with a clear error; never a cut that looks like success"},
    ParamRow{"terminator", flag, "the last event ([DONE], message_stop) came"},
    ParamRow{"error_event", flag, "an error event came"},
    ParamRow{"first_event", duration, "from the request to the first content"},
    ParamRow{"largest_gap", duration, "the longest silence between two events"},
    ParamRow{"ended", words, "how the connection ended", false, kEnded},
    ParamRow{"events", count, "how many events"},
    ParamRow{"finish", text, "the finish reason"},
    ParamRow{"text", text, "the whole text, exactly"},
    ParamRow{"words", count, "how many words the text has"},
    ParamRow{"least", integer, "so many of the replies must fit; without it, all"},
};

constexpr std::array kCli{
    ParamRow{"code", codes, "the exit code"},
    ParamRow{"lines", texts, "lines of stdout and stderr, in this order, others may stand between; * and ? match"},
    ParamRow{"exactly", flag, "the lines are all there is"},
    ParamRow{"contains", texts, "each stands somewhere in the output"},
    ParamRow{"never", texts, "none stands in the output"},
    ParamRow{"within", duration, "from start to exit"},
    ParamRow{"at_least", duration, "it took no less"},
};
constexpr auto cli_params() {
  std::array<ParamRow, kCli.size() + 1> rows{};
  rows[0] = {"cli", cli, "the cli step", true};
  std::copy(kCli.begin(), kCli.end(), rows.begin() + 1);
  return rows;
}
constexpr auto kCliCheck = cli_params();

constexpr ParamRow kProvider{"provider", provider, "only attempts at this provider"};
constexpr ParamRow kProviderMust{"provider", provider, "the provider", true};
constexpr ParamRow kCredential{"credential", credential, "only attempts with this key"};
constexpr ParamRow kModel{"model", text, "only attempts for this model; * and ? match"};
constexpr ParamRow kSession{"session", text, "only attempts of this session"};
constexpr ParamRow kPath{"path", text, "only attempts at this path; * and ? match"};
constexpr ParamRow kFault{"fault", text, "only attempts answered so; \"\" is a healthy reply, * and ? match"};
constexpr ParamRow kFrom{"from", moment, "the window begins here; the start without"};
constexpr ParamRow kTo{"to", moment, "the window ends here; the end without"};

constexpr std::array kSurvives{ParamRow{"pid", flag, "false: a planned restart may have changed the process"}};
constexpr std::array kExits{
    ParamRow{"code", codes, "only exits with this code or signal are counted"},
    ParamRow{"count", ParamType::count, "how many; at least one without"},
    ParamRow{"codes", codes, "all exits in order, exactly these"}, kFrom, kTo};
constexpr std::array kHint{
    ParamRow{"reply", reply, "the send step", true}, ParamRow{"is", text, "the hint, exactly"}, ParamRow{"contains", text, "part of it"},
    ParamRow{"absent", flag, "true: there must be none"}};
constexpr std::array kOrder{
    kProviderMust, ParamRow{"is", credentials, "the keys in the order they were tried", true}, kModel, kSession, kFrom, kTo,
    ParamRow{"distinct", flag, "true: neighbours that repeat count once"}};
constexpr std::array kKeyAttempts{
    kProviderMust, ParamRow{"credential", credential, "the key", true}, ParamRow{"count", ParamType::count, "how many attempts", true}, kModel, kFault, kFrom, kTo};
constexpr std::array kNever{
    kProviderMust, ParamRow{"credential", credential, "the key", true}, kModel,
    ParamRow{"after_fault", text, "only from the first answer with this fault on"}, ParamRow{"for", duration, "for so long; to the end without"}, kFrom, kTo};
constexpr std::array kMax{
    ParamRow{"max", integer, "at most so many", true}, kProvider, kCredential, kModel, kSession, kPath, kFault, kFrom, kTo,
    ParamRow{"window", duration, "in any window of this length, rather than in all"}};
constexpr std::array kCount{
    ParamRow{"count", ParamType::count, "how many", true}, kProvider, kCredential, kModel, kSession, kPath, kFault, kFrom, kTo};
constexpr std::array kGap{
    kProvider, kCredential, kModel, ParamRow{"min", duration, "between two attempts, no less"}, ParamRow{"max", duration, "no more"},
    ParamRow{"first", integer, "look only at so many first gaps"},
    ParamRow{"retry_after", flag, "true: no attempt came before the provider's Retry-After was over"}, kFrom, kTo};
constexpr std::array kFallback{
    ParamRow{"provider", provider, "the fallback", true}, ParamRow{"reply", reply, "these replies came from it"}, kModel,
    ParamRow{"within", duration, "from the request to its first attempt"}, ParamRow{"count", ParamType::count, "its healthy answers; at least one without"}, kFrom, kTo};
constexpr std::array kRestart{
    ParamRow{"drain", duration, "from the request to restart to the exit of the old process"},
    ParamRow{"ready", duration, "from the exit to the new process being ready"}, ParamRow{"total", duration, "from the request to ready"},
    ParamRow{"code", codes, "how the old process exits"}, ParamRow{"count", ParamType::count, "how many restarts; at least one without"}};
constexpr std::array kLoses{
    ParamRow{"reply", reply, "the send steps that must all be answered; all without"}, ParamRow{"status", status, "what counts as answered; 2xx without"}};
constexpr std::array kStates{
    ParamRow{"is", texts, "sub states the unit goes through, in this order; others may stand between"}, ParamRow{"exactly", flag, "true: nothing stands between"},
    ParamRow{"never", texts, "states it never reaches"}, ParamRow{"last", text, "the last state (sub or active) before the end"},
    ParamRow{"result", text, "the last result"}, ParamRow{"restarts", ParamType::count, "NRestarts at the end"}, ParamRow{"unit", text, "the unit; * and ? match"}, kFrom, kTo};
constexpr std::array kTurns{
    ParamRow{"session", text, "the session", true}, ParamRow{"transcript", reply, "a reply that shows the whole session: each turn stands in it once"},
    ParamRow{"count", ParamType::count, "how many turns"}};
constexpr std::array kResources{
    ParamRow{"rss_kb", integer, "growth of memory, at most"}, ParamRow{"fds", integer, "growth of open descriptors, at most"},
    ParamRow{"threads", integer, "growth of threads, at most"}, ParamRow{"rss_kb_max", integer, "memory at any time, at most"}};
constexpr std::array kLog{
    ParamRow{"event", text, "the event of a JSON line; * and ? match"}, ParamRow{"text", text, "part of the line"}, ParamRow{"level", text, "its level"},
    ParamRow{"fields", map, "field → value"}, ParamRow{"count", ParamType::count, "how many lines; at least one without"}, kFrom, kTo};
constexpr std::array kLogNever{
    ParamRow{"event", text, "the event of a JSON line; * and ? match"}, ParamRow{"text", text, "part of the line"}, ParamRow{"level", text, "its level"},
    ParamRow{"fields", map, "field → value"}, kFrom, kTo};
constexpr std::array kJournal{
    ParamRow{"contains", texts, "lines of the manager, in this order; * and ? match"}, ParamRow{"never", texts, "lines that must not be there"}};
constexpr std::array kShows{ParamRow{"reply", reply, "a send step with api status, health or admin", true},
                            ParamRow{"has", map, "JSON pointer → value; text may hold * and ?", true}};
constexpr std::array kMetrics{ParamRow{"reply", reply, "a send step with api metrics", true},
                              ParamRow{"has", object, "sample such as name{label=\"x\"} → value or {\"min\",\"max\"}; samples that match * are added up", true}};
constexpr std::array kCancelled{
    kProviderMust, ParamRow{"within", duration, "from the client leaving to the provider seeing it"}, ParamRow{"reply", reply, "the request that was left"},
    ParamRow{"count", ParamType::count, "how many; at least one without"}};
constexpr std::array kBetween{
    ParamRow{"from", moment, "the earlier", true}, ParamRow{"to", moment, "the later", true}, ParamRow{"min", duration, "no less"}, ParamRow{"max", duration, "no more"}};
constexpr std::array kFired{kProviderMust, ParamRow{"fault", text, "answers with this fault", true}, ParamRow{"count", ParamType::count, "how many; at least one without"}, kFrom, kTo};
constexpr std::span<const ParamRow> kNone{};

constexpr std::array kRows{
    CheckRow{"gateway.survives", "the gateway's process is never ended and the one at the end is the one of the start", kSurvives, R"({"check":"gateway.survives"})",
             "dies-on-402 exits-0-on-sigterm dies-on-bad-reload"},
    CheckRow{"gateway.exits", "how often and how the gateway's process exits before the harness stops it", kExits, R"({"check":"gateway.exits","codes":[75]})",
             "exits-0-on-drain exits-0-on-sigterm dies-on-402"},
    CheckRow{"reply", "what the client got", kReplyCheck, R"({"check":"reply","reply":"first","status":200,"text":"pong","within":"5s"})",
             "no-hint-on-402 no-fallback no-rotation waits-forever silent-cut"},
    CheckRow{"hint", "the sentence that tells a person what to do", kHint, R"({"check":"hint","reply":"first","contains":"balance"})", "no-hint-on-402 wrong-hint"},
    CheckRow{"credentials.order", "which keys were tried, in order", kOrder, R"({"check":"credentials.order","provider":"acme","is":["key-a","key-b"]})",
             "hammers-empty-key no-rotation rotates-on-overload forgets-cooldown-on-restart"},
    CheckRow{"credentials.attempts", "how often one key was tried", kKeyAttempts, R"({"check":"credentials.attempts","provider":"acme","credential":"key-a","count":1})",
             "hammers-empty-key retries-billing"},
    CheckRow{"credentials.never", "a key is not used (any more)", kNever, R"({"check":"credentials.never","provider":"acme","credential":"key-a","after_fault":"402","for":"1h"})",
             "hammers-empty-key forgets-cooldown-on-restart"},
    CheckRow{"attempts.max", "at most so many attempts, in all or in any window", kMax, R"({"check":"attempts.max","max":2,"provider":"acme","window":"1.5s"})",
             "hammers-empty-key retries-billing probe-storm"},
    CheckRow{"attempts.count", "how many attempts", kCount, R"({"check":"attempts.count","count":{"min":1,"max":6},"provider":"acme","to":{"reply":"first"}})",
             "retries-callers-fault no-rotation never-recovers"},
    CheckRow{"attempts.gap", "the time between attempts; Retry-After honoured", kGap, R"({"check":"attempts.gap","provider":"acme","min":"1.8s","retry_after":true})", "ignores-retry-after"},
    CheckRow{"fallback.used", "the next target answered", kFallback, R"({"check":"fallback.used","provider":"acme","reply":"first","within":"15s"})", "no-fallback waits-forever"},
    CheckRow{"restart.completes", "old process out, new process ready, in time", kRestart, R"({"check":"restart.completes","drain":"10s","ready":"40s","total":"60s","code":75})",
             "exits-0-on-drain stuck-drain never-ready"},
    CheckRow{"restart.loses-nothing", "every request around a restart was answered in full", kLoses, R"({"check":"restart.loses-nothing","reply":"first"})", "drops-in-flight"},
    CheckRow{"manager.states", "the states the unit went through", kStates, R"({"check":"manager.states","is":["running","auto-restart","running"],"never":["failed"]})",
             "exits-0-on-drain exits-0-on-sigterm never-ready"},
    CheckRow{"manager.journal", "what the manager wrote", kJournal, R"({"check":"manager.journal","contains":["*Scheduled restart job*"]})", "exits-0-on-drain exits-0-on-sigterm"},
    CheckRow{"cli.output", "what a command printed, its exit code and its time", kCliCheck, R"({"check":"cli.output","cli":"restart","code":0,"lines":["*Waiting for*"],"within":"60s"})",
             "returns-from-restart-at-once"},
    CheckRow{"stream", "how a stream ran and ended", kStream, R"({"check":"stream","reply":"first","complete":true,"largest_gap":"10s"})", "silent-cut waits-forever pings-are-life"},
    CheckRow{"session.turns", "each turn of a session was answered exactly once", kTurns, R"({"check":"session.turns","session":"s1","count":2})", "loses-session double-reply"},
    CheckRow{"resources", "the gateway does not grow", kResources, R"({"check":"resources","rss_kb":20000,"fds":4})", "leaks-descriptors"},
    CheckRow{"log.contains", "the gateway logged it", kLog, R"({"check":"log.contains","event":"*quarantine*","count":1})", "no-rotation"},
    CheckRow{"log.never", "the gateway never logged it", kLogNever, R"({"check":"log.never","text":"Traceback"})", "leaks-secret"},
    CheckRow{"status.shows", "what /status, /health or another JSON reply says", kShows, R"({"check":"status.shows","reply":"first","has":{"/state":"running"}})", "forgets-cooldown-on-restart"},
    CheckRow{"metrics.shows", "what /metrics says", kMetrics, R"({"check":"metrics.shows","reply":"first","has":{"gateway_requests_total*":{"min":1}}})", "retries-billing"},
    CheckRow{"upstream.cancelled", "when the client leaves, its attempt ends", kCancelled, R"({"check":"upstream.cancelled","provider":"acme","within":"1s"})", "ignores-client-leaving"},
    CheckRow{"time.between", "two things that happened, and the time between", kBetween,
             R"({"check":"time.between","from":{"request":"first"},"to":{"reply":"first"},"max":"8s"})", "waits-forever never-recovers returns-from-restart-at-once"},
    CheckRow{"fault.fired", "a provider failed in this way so often", kFired, R"({"check":"fault.fired","provider":"acme","fault":"402","count":1})", "retries-billing hammers-empty-key"},
    CheckRow{"secrets.none", "no key in any log, journal, reply or report", kNone, "", "leaks-secret", true},
    CheckRow{"requests.end-once", "every request got exactly one end", kNone, "", "double-reply waits-forever", true},
    CheckRow{"requests.own-id", "no two replies have the same x-request-id", kNone, "", "reuses-request-ids", true},
    CheckRow{"faults.all-fired", "every scripted rule decided at least once; otherwise the run proves nothing", kNone, "", "", true},
    CheckRow{"sanitizers.clean", "no report of a sanitizer", kNone, "", "", true},
    CheckRow{"processes.gone", "nothing is left running", kNone, "", "", true},
    CheckRow{"steps.done", "every step could be done", kNone, "", "", true},
};

}  // namespace

std::span<const CheckRow> check_rows() { return kRows; }
const CheckRow* find_check(std::string_view name) {
  const auto found = std::find_if(kRows.begin(), kRows.end(), [&](const auto& row) { return row.name == name; });
  return found == kRows.end() ? nullptr : &*found;
}
std::span<const ParamRow> reply_rows() { return kReply; }
std::span<const ParamRow> cli_rows() { return kCli; }

}  // namespace harness
