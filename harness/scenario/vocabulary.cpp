#include "harness/scenario/vocabulary.h"

#include <array>

namespace harness {
namespace {

constexpr std::array kTags{
    Word{"smoke", "fast and telling: run these first"},
    Word{"slow", "minutes or hours of nominal time, or many runs; left out of --all but in virtual time"},
    Word{"situations", "one of the sixteen failover situations"},
    Word{"regressions", "a bug that was found once"},
    Word{"billing", "402 and its disguises"},
    Word{"rate-limit", "429 and its disguises"},
    Word{"retry-after", "a provider said how long to wait"},
    Word{"overload", "503, 529"},
    Word{"server-error", "500, 502, 504"},
    Word{"auth", "401, 403, keys that are gone"},
    Word{"context", "a request too large for the model"},
    Word{"policy", "a provider declined what was asked"},
    Word{"model", "a model that is not there"},
    Word{"network", "refused, reset, hung, DNS"},
    Word{"tls", "certificates and handshakes"},
    Word{"timeout", "a provider that is silent"},
    Word{"stream", "replies that come in events"},
    Word{"cut", "a reply that breaks off"},
    Word{"malformed", "replies that cannot be read"},
    Word{"empty", "replies that say nothing"},
    Word{"credentials", "pools of keys"},
    Word{"cooldown", "keys and targets that rest"},
    Word{"fallback", "the next target of a route"},
    Word{"recovery", "back to normal after a failure"},
    Word{"survival", "the process must not die"},
    Word{"hint", "what a person is told"},
    Word{"translate", "one dialect in, another out"},
    Word{"openai", "the OpenAI dialects"},
    Word{"anthropic", "the Anthropic dialect"},
    Word{"gemini", "the Gemini dialect"},
    Word{"restart", "planned restarts"},
    Word{"drain", "work in flight at a stop"},
    Word{"crash", "unplanned ends"},
    Word{"manager", "the service manager"},
    Word{"socket", "the manager keeps the listening socket"},
    Word{"start-limit", "too many starts"},
    Word{"cli", "the gateway's commands"},
    Word{"status", "what the gateway says of itself"},
    Word{"config", "configuration and reload"},
    Word{"session", "chat sessions"},
    Word{"secrets", "keys must stay secret"},
    Word{"limits", "sizes, queues, concurrency"},
    Word{"client", "callers that misbehave or leave"},
    Word{"disk", "the state folder fails"},
    Word{"load", "many requests at once"},
    Word{"resources", "memory, descriptors, threads"},
    Word{"hang", "a provider that is silent"},
    Word{"classify", "a failure whose status does not tell what it is"},
    Word{"pool", "several keys of one provider"},
    Word{"security", "secrets, and requests that mean harm"},
    Word{"logs", "what is written down"},
};

constexpr std::array kAbilities{
    Word{"unit", "runs in the foreground under a service manager, and ends at SIGTERM"},
    Word{"notify", "tells the manager when it is ready"},
    Word{"socket", "takes a listening socket from the manager"},
    Word{"drain-signal", "SIGUSR1 drains and restarts"},
    Word{"reload", "SIGHUP reads the configuration again"},
    Word{"cli", "has the gateway's commands"},
    Word{"stream", "streams replies"},
    Word{"responses", "the OpenAI responses front"},
    Word{"embeddings", "the embeddings front"},
    Word{"messages", "the Anthropic front"},
    Word{"models", "lists models"},
    Word{"chat", "the chat front with durable sessions"},
    Word{"health", "/health says in JSON whether it runs or drains"},
    Word{"status", "a status path with credentials by label"},
    Word{"metrics", "Prometheus metrics"},
    Word{"hint", "error replies carry a hint"},
    Word{"reason", "error replies carry a reason"},
    Word{"credential-pool", "several keys of one provider"},
    Word{"fallback", "a route of several targets"},
    Word{"anthropic-upstream", "speaks to Anthropic providers"},
    Word{"gemini-upstream", "speaks to Gemini providers"},
    Word{"tls-upstream", "checks certificates of providers"},
    Word{"durable-state", "credential state survives a restart"},
    Word{"caller-keys", "callers must show a key"},
    Word{"json-log", "logs JSON lines with an event"},
    Word{"commit-complete", "a route may gather the whole reply before it answers"},
    Word{"classify", "the classify command"},
    Word{"own-config", "is configured in Brownout's own words: timeouts, retries, limits, deadlines"},
    Word{"own-status", "a failure has Brownout's status for its kind, whatever status the provider gave it"},
    Word{"trail-headers", "replies say in headers what it took: x-gateway-…, x-request-id"},
    Word{"bare-requests", "takes requests that have none of the headers of its profile"},
    Word{"root", "the run itself may mount and use namespaces"},
};

constexpr std::array kMutants{
    Word{"accepts-anyone", "callers need no key although the configuration lists some"},
    Word{"benches-provider", "one key's 429 takes the whole provider out"},
    Word{"classifies-by-status", "a failure is judged by its status alone"},
    Word{"clean-end-after-error", "a stream that broke off ends with the terminator of a success"},
    Word{"commits-at-once", "the first event of a stream is forwarded, so that no failure can be hidden"},
    Word{"dies-on-402", "a 402 ends the process"},
    Word{"dies-on-bad-reload", "a broken configuration ends the process"},
    Word{"double-reply", "a request is answered twice"},
    Word{"drives-sdks-into-retrying", "SDKs are told to retry what cannot succeed"},
    Word{"drops-in-flight", "a drain cuts the work in flight"},
    Word{"exits-0-on-drain", "a planned restart exits 0 and stays down"},
    Word{"exits-0-on-sigterm", "an unexpected SIGTERM looks like a planned stop"},
    Word{"first-key-only", "only the first key of a provider is known"},
    Word{"first-target-only", "only the first target of a route is known"},
    Word{"forgets-answers", "an answered turn is not stored and comes again after a crash"},
    Word{"forgets-cooldown-on-restart", "an empty key is tried again after a restart"},
    Word{"hammers-empty-key", "an empty key is asked again and again"},
    Word{"health-lies", "/health always says running"},
    Word{"holds-everything", "a stream is held back until it has ended"},
    Word{"ignores-client-leaving", "goes on asking for a client that left"},
    Word{"ignores-commit-complete", "a route that asked for whole replies gets cut ones"},
    Word{"ignores-reload", "a changed configuration is never used"},
    Word{"ignores-retry-after", "comes back before it was told to"},
    Word{"keeps-nothing", "no credential's state is stored"},
    Word{"keeps-revoked", "a revoked key is tried again with every request"},
    Word{"kills-on-401", "one 401 takes a key out for good"},
    Word{"leaks-descriptors", "each failed attempt leaves a descriptor open"},
    Word{"leaks-memory", "each request leaves a megabyte behind"},
    Word{"leaks-secret", "a key is written to the log"},
    Word{"loses-session", "a turn is forgotten over a restart"},
    Word{"never-ready", "the manager is never told that it is ready"},
    Word{"never-recovers", "a target that failed is never used again"},
    Word{"never-resends", "a kept-alive connection that died costs the request"},
    Word{"never-retries", "a transient failure is final"},
    Word{"no-backoff", "retries come without a pause"},
    Word{"no-fallback", "the next target is never tried"},
    Word{"no-hint-on-402", "the reply to an empty balance has no hint"},
    Word{"no-limits", "no size and no number is ever too large"},
    Word{"no-retry-after", "callers are not told when to come back"},
    Word{"no-rotation", "the next key is never tried"},
    Word{"no-trail", "replies do not say what it took"},
    Word{"pings-are-life", "comments and pings count as content"},
    Word{"probe-storm", "many requests probe a failed target at once"},
    Word{"refuses-with-kept-socket", "new requests are refused although the manager keeps the socket"},
    Word{"replays-forever", "a session that crashes the gateway is replayed again and again"},
    Word{"resends-overflow", "a request that was too large is sent again unchanged"},
    Word{"retries-billing", "an empty balance is retried as if it would pass"},
    Word{"retries-callers-fault", "a 400 is sent again"},
    Word{"retries-forever", "retries know no budget"},
    Word{"returns-from-restart-at-once", "the restart command does not wait"},
    Word{"reuses-request-ids", "every reply has the same request id"},
    Word{"rotates-on-overload", "an overloaded provider costs a key"},
    Word{"routes-around-policy", "what one provider's safety system declined is sent to another"},
    Word{"serves-while-draining", "new work is taken on while leaving"},
    Word{"shortens-cooldown", "a later, shorter cooldown replaces a longer one"},
    Word{"silent-cut", "a cut stream ends as if it were complete"},
    Word{"silent-log", "nothing is written down"},
    Word{"status-always-500", "every failure is a 500 to the caller"},
    Word{"stuck-drain", "a drain has no deadline"},
    Word{"uses-cooling-keys", "a key is used although it is out"},
    Word{"waits-forever", "a silent provider is waited for without end"},
    Word{"waits-too-long", "an absurd Retry-After is waited for"},
    Word{"wrong-hint", "the hint is another reason's"},
};

constexpr std::array kUnitSettings{
    UnitSetting{"Description", "Unit"}, UnitSetting{"After", "Unit"}, UnitSetting{"Before", "Unit"}, UnitSetting{"Wants", "Unit"},
    UnitSetting{"Requires", "Unit"}, UnitSetting{"BindsTo", "Unit"}, UnitSetting{"PartOf", "Unit"}, UnitSetting{"OnFailure", "Unit"},
    UnitSetting{"OnSuccess", "Unit"}, UnitSetting{"StartLimitIntervalSec", "Unit"}, UnitSetting{"StartLimitBurst", "Unit"},
    UnitSetting{"StartLimitAction", "Unit"}, UnitSetting{"RefuseManualStart", "Unit"}, UnitSetting{"RefuseManualStop", "Unit"},
    UnitSetting{"StopWhenUnneeded", "Unit"}, UnitSetting{"JobTimeoutSec", "Unit"},
    UnitSetting{"Type", "Service"}, UnitSetting{"ExecStart", "Service"}, UnitSetting{"ExecStartPre", "Service"}, UnitSetting{"ExecStartPost", "Service"},
    UnitSetting{"ExecReload", "Service"}, UnitSetting{"ExecStop", "Service"}, UnitSetting{"ExecStopPost", "Service"}, UnitSetting{"ExecCondition", "Service"},
    UnitSetting{"Restart", "Service"}, UnitSetting{"RestartSec", "Service"}, UnitSetting{"RestartSteps", "Service"}, UnitSetting{"RestartMaxDelaySec", "Service"},
    UnitSetting{"RestartMode", "Service"}, UnitSetting{"RestartForceExitStatus", "Service"}, UnitSetting{"RestartPreventExitStatus", "Service"},
    UnitSetting{"SuccessExitStatus", "Service"}, UnitSetting{"TimeoutSec", "Service"}, UnitSetting{"TimeoutStartSec", "Service"},
    UnitSetting{"TimeoutStopSec", "Service"}, UnitSetting{"TimeoutAbortSec", "Service"}, UnitSetting{"TimeoutStartFailureMode", "Service"},
    UnitSetting{"TimeoutStopFailureMode", "Service"}, UnitSetting{"RuntimeMaxSec", "Service"}, UnitSetting{"WatchdogSec", "Service"},
    UnitSetting{"WatchdogSignal", "Service"}, UnitSetting{"NotifyAccess", "Service"}, UnitSetting{"FileDescriptorStoreMax", "Service"},
    UnitSetting{"FileDescriptorStorePreserve", "Service"}, UnitSetting{"KillMode", "Service"}, UnitSetting{"KillSignal", "Service"},
    UnitSetting{"RestartKillSignal", "Service"}, UnitSetting{"SendSIGHUP", "Service"}, UnitSetting{"SendSIGKILL", "Service"},
    UnitSetting{"FinalKillSignal", "Service"}, UnitSetting{"OOMPolicy", "Service"}, UnitSetting{"RemainAfterExit", "Service"},
    UnitSetting{"GuessMainPID", "Service"}, UnitSetting{"PIDFile", "Service"}, UnitSetting{"Environment", "Service"},
    UnitSetting{"EnvironmentFile", "Service"}, UnitSetting{"PassEnvironment", "Service"}, UnitSetting{"UnsetEnvironment", "Service"},
    UnitSetting{"WorkingDirectory", "Service"}, UnitSetting{"StandardOutput", "Service"}, UnitSetting{"StandardError", "Service"},
    UnitSetting{"SyslogIdentifier", "Service"}, UnitSetting{"UMask", "Service"}, UnitSetting{"LimitNOFILE", "Service"},
    UnitSetting{"LimitCORE", "Service"}, UnitSetting{"MemoryMax", "Service"}, UnitSetting{"TasksMax", "Service"}, UnitSetting{"Nice", "Service"},
    UnitSetting{"Slice", "Service"}, UnitSetting{"RootDirectoryStartOnly", "Service"}, UnitSetting{"Sockets", "Service"},
};

constexpr ParamRow kTimesRow{"times", ParamType::integer, "so many times; 1 without, -1 until cleared"};
constexpr ParamRow kUnitRow{"unit", ParamType::text, "only this unit; any without"};
constexpr std::array kTimes{kTimesRow, kUnitRow};
constexpr std::array kBy{ParamRow{"by", ParamType::duration, "how much later", true}, kTimesRow, kUnitRow};
constexpr std::array kCode{ParamRow{"code", ParamType::integer, "the errno of a spawn, the exit status of a program", true}, kTimesRow, kUnitRow};
constexpr std::array kUnreachable{ParamRow{"text", ParamType::text, "what systemctl prints; the real words without"}, kTimesRow};
constexpr std::array kUnit{kUnitRow};
constexpr ParamRow kWhomRow{"whom", ParamType::text, "main (the default), child or all"};
constexpr std::array kFor{ParamRow{"for", ParamType::duration, "how long; without it, until \"thaw\""},
                          ParamRow{"whom", ParamType::text, "main, child or all (the default)"}, kUnitRow};
constexpr std::array kWhom{kWhomRow, kUnitRow};
constexpr std::array kKill{ParamRow{"signal", ParamType::text, "its name; KILL without"}, kWhomRow, kUnitRow};
constexpr std::array kJump{ParamRow{"by", ParamType::text, "forward, or back with a leading -: \"1h\", \"-5min\"", true}, kUnitRow};
constexpr std::span<const ParamRow> kNoParams{};

// The names and members of harness/manager's own table (a test compares them).
constexpr std::array kManagerFaults{
    WordWithParams{"lose-ready", "the next READY=1 is lost on its way", kTimes},
    WordWithParams{"delay-ready", "READY=1 is seen late", kBy},
    WordWithParams{"duplicate-ready", "READY=1 is seen twice", kTimes},
    WordWithParams{"lose-notify", "whole notifications are lost", kTimes},
    WordWithParams{"lose-watchdog", "WATCHDOG=1 is not seen", kTimes},
    WordWithParams{"stuck-restart", "the restart timer never fires", kTimes},
    WordWithParams{"late-restart", "the restart timer fires late", kBy},
    WordWithParams{"refuse-start", "a start is refused as if the start limit were hit", kTimes},
    WordWithParams{"start-limit", "the start limiter is at its burst now", kUnit},
    WordWithParams{"slow-start", "the process is started late", kBy},
    WordWithParams{"spawn-fails", "the process cannot be made", kCode},
    WordWithParams{"exec-fails", "the process ends at once, before the program runs (203, 200)", kCode},
    WordWithParams{"clear-counters", "NRestarts and the start limiter are zeroed now", kUnit},
    WordWithParams{"unreachable", "systemctl cannot reach the manager", kUnreachable},
    WordWithParams{"hang", "systemctl answers late", kBy},
    WordWithParams{"show-empty", "systemctl show prints nothing and succeeds", kTimes},
    WordWithParams{"stale-main-pid", "show prints the old MainPID for so long after its death", kBy},
    WordWithParams{"lose-job-reply", "the job ends, but systemctl is never told", kTimes},
    WordWithParams{"lose-socket", "the kept listening socket is closed", kUnit},
    WordWithParams{"journal-late", "journalctl does not see the last moments", kBy},
    WordWithParams{"timer-slack", "every timer fires up to so much late", kBy},
    WordWithParams{"clear", "every fault of the manager ends", kUnit},
    WordWithParams{"oom-kill", "the kernel kills the main process for its memory", kWhom},
    WordWithParams{"freeze", "the processes of the unit are stopped (SIGSTOP)", kFor},
    WordWithParams{"thaw", "frozen processes go on (SIGCONT)", kUnit},
    WordWithParams{"kill", "a signal that nobody asked for", kKill},
    WordWithParams{"clock-jump", "the manager's wall clock is set; monotonic time runs on", kJump},
    WordWithParams{"logout", "the user's last session ends: everything is stopped, the manager exits", kNoParams},
};

constexpr std::array kWaitName{ParamRow{"as", ParamType::reply, "the send step", true}};
constexpr std::array kWaitAttempts{
    ParamRow{"provider", ParamType::provider, "only its attempts"}, ParamRow{"credential", ParamType::credential, "only with this key"},
    ParamRow{"count", ParamType::integer, "at least so many since the start; 1 without"}};
constexpr std::array kWaitLog{ParamRow{"event", ParamType::text, "the event of a JSON log line"}, ParamRow{"text", ParamType::text, "part of the line"},
                              ParamRow{"count", ParamType::integer, "at least so many; 1 without"}};
constexpr std::array kWaitState{ParamRow{"is", ParamType::text, "a sub state (running, auto-restart, …) or active state", true}};
constexpr std::array kWaitCount{ParamRow{"count", ParamType::integer, "at least so many; 1 without"}};
constexpr std::array kWaitCli{ParamRow{"cli", ParamType::cli, "the cli step", true}, ParamRow{"text", ParamType::text, "part of a line it printed"}};
constexpr std::array kWaitStatus{ParamRow{"has", ParamType::map, "JSON pointer into /status → value", true}};
constexpr std::array kWaitText{ParamRow{"text", ParamType::text, "part of the line", true}};

constexpr std::array kWaitConditions{
    WordWithParams{"active", "the manager says active", kNoParams},
    WordWithParams{"inactive", "the manager says inactive", kNoParams},
    WordWithParams{"failed", "the manager says failed", kNoParams},
    WordWithParams{"state", "the unit is in this state", kWaitState},
    WordWithParams{"pid-new", "the main process is another one than when this step began", kNoParams},
    WordWithParams{"exited", "the main process has exited so many times", kWaitCount},
    WordWithParams{"gateway-running", "/health says running", kNoParams},
    WordWithParams{"gateway-answers", "/health answers at all", kNoParams},
    WordWithParams{"draining", "/health says draining", kNoParams},
    WordWithParams{"status", "/status shows these values", kWaitStatus},
    WordWithParams{"reply", "the reply to this send step has ended", kWaitName},
    WordWithParams{"first-content", "its first content has arrived", kWaitName},
    WordWithParams{"background", "every background step has ended", kNoParams},
    WordWithParams{"attempts", "providers have seen so many attempts", kWaitAttempts},
    WordWithParams{"log", "the gateway has logged this", kWaitLog},
    WordWithParams{"journal", "the manager has written this", kWaitText},
    WordWithParams{"cli", "the command has ended, or printed this", kWaitCli},
};

constexpr std::array kDiskStates{
    Word{"full", "writing fails: no space left"},     Word{"read-only", "writing fails: read-only"}, Word{"ok", "all is well again"},
    Word{"corrupt", "the state file holds garbage"}, Word{"missing", "the state folder is gone"},
};

}  // namespace

std::span<const Word> tags() { return kTags; }
std::span<const Word> abilities() { return kAbilities; }
std::span<const Word> mutants() { return kMutants; }
std::span<const UnitSetting> unit_settings() { return kUnitSettings; }
std::span<const WordWithParams> manager_faults() { return kManagerFaults; }
std::span<const WordWithParams> wait_conditions() { return kWaitConditions; }
std::span<const Word> disk_states() { return kDiskStates; }

}  // namespace harness
