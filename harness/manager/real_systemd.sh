#!/bin/bash
# real_systemd.sh: runs a real `systemd --user` (no reboot, no container) in throw-away PID, mount, UTS, IPC and cgroup namespaces, runs a
# command against it, and tears everything down.
#
#   real_systemd.sh [options] [--] COMMAND [ARGS…]
#     --uid N          whose manager (default 0: the command and the services keep the caller's rights)
#     --home DIR       HOME of the manager, its services and COMMAND (default: a fresh one, gone afterwards); units are in .config/systemd/user
#     --units DIR      unit files (and *.d) to copy to the user's unit folder before the boot
#     --root DIR       the systemd inside DIR, a debootstrap'ed tree of another release
#     --no-journal     without systemd-journald
#     --debug          the manager logs at level debug: each "Changed running -> stop-sigterm" is then in `journalctl --user`
#     --shim FILE --timewarp TEXT   run the manager, its services and COMMAND under the time shim, with this TIMEWARP
#     --env NAME=VALUE another variable for the manager, its services and COMMAND; may repeat
#     --log FILE       the manager's standard error (normally empty)
#     --check          only say whether this machine can do it: exit 0, or 126 and the reason
#   COMMAND finds HOME and XDG_RUNTIME_DIR set, and `systemctl --user` and `journalctl --user` work. The exit status is COMMAND's; 125: the
#   manager did not boot; 126: this machine cannot do it. /run and /var/log are fresh inside; the network and other folders are the caller's.
# Needs root, util-linux (unshare, setpriv), a cgroup v2 mount (pure or hybrid), and the systemd package; systemd need not be running.
set -u
root= uid=0 home= units= journal=1 level=info log= shim= timewarp= check=0 extra=()
self=$(readlink -f "$0")
usage() { sed -n '2,20p' "$self" | cut -c3-; exit 2; }
arguments=("$@")
while [ $# -gt 0 ]; do
  case $1 in
    --uid) uid=$2; shift 2 ;;
    --home) home=$(readlink -f "$2"); shift 2 ;;
    --units) units=$(readlink -f "$2"); shift 2 ;;
    --root) root=$(readlink -f "$2"); shift 2 ;;
    --no-journal) journal=0; shift ;;
    --debug) level=debug; shift ;;
    --shim) shim=$(readlink -f "$2"); shift 2 ;;
    --timewarp) timewarp=$2; shift 2 ;;
    --env) extra+=("$2"); shift 2 ;;
    --log) log=$2; shift 2 ;;
    --check) check=1; shift ;;
    --) shift; break ;;
    -h | --help) usage ;;
    -*) echo "real_systemd.sh: unknown option $1" >&2; usage ;;
    *) break ;;
  esac
done
[ $# -gt 0 ] || [ $check = 1 ] || usage

inside() {
  # We are PID 1 of a PID namespace: when we exit, the kernel kills what is left in it.
  set -e
  mount --make-rprivate /
  mount -t tmpfs -o mode=755 tmpfs /run
  mount -t tmpfs -o mode=755 tmpfs /var/log
  mkdir -p /var/log/journal # persistent storage, so that there are journals by user and `journalctl --user` has one
  mount -t cgroup2 cgroup2 /sys/fs/cgroup # the root of our own cgroup namespace; it hides the host's tree
  local runtime=/run/user/$uid own=/run/inside
  home=${home:-/run/home}
  mkdir -p /run/systemd/system /run/systemd/journal /run/log/journal "$runtime" "$home/.config/systemd/user" "$own/bin"
  if ! getent passwd "$uid" >/dev/null; then
    cp /etc/passwd "$own/passwd"; echo "brownout:x:$uid:$uid::$home:/bin/sh" >>"$own/passwd"
    cp /etc/group "$own/group"; echo "brownout:x:$uid:" >>"$own/group"
    mount --bind "$own/passwd" /etc/passwd
    mount --bind "$own/group" /etc/group
  fi
  # journald needs a valid machine id, and files below it are named after it.
  tr -d - </proc/sys/kernel/random/uuid >"$own/machine-id"
  [ -e /etc/machine-id ] || touch /etc/machine-id
  mount --bind "$own/machine-id" /etc/machine-id
  [ -z "$units" ] || cp -a "$units"/. "$home/.config/systemd/user/"
  # The layout from which journald derives the user's unit of a process.
  local cgroup=/sys/fs/cgroup manager=user.slice/user-$uid.slice/user@$uid.service
  mkdir -p "$cgroup/$manager" "$cgroup/init.scope" "$cgroup/system.slice/systemd-journald.service"
  echo $$ >"$cgroup/init.scope/cgroup.procs"
  for file in . cgroup.procs cgroup.subtree_control cgroup.threads; do chown "$uid:$uid" "$cgroup/$manager/$file"; done
  chown -R "$uid:$uid" "$runtime"
  [ "$uid" = 0 ] || chown -R "$uid:$uid" "$home"
  chmod 700 "$runtime"
  local enter=()
  if [ -n "$root" ]; then
    mount --bind "$root" "$root"
    for folder in dev sys run tmp var/log; do mount --rbind "/$folder" "$root/$folder"; done
    mount --make-rprivate "$root"
    mount -t proc proc "$root/proc"
    [ -e "$root/etc/machine-id" ] || touch "$root/etc/machine-id"
    mount --bind "$own/machine-id" "$root/etc/machine-id"
    enter=(chroot "$root")
    # The clients of that release, run from our side by their own loader.
    for tool in systemctl journalctl; do
      printf '#!/bin/sh\nexec %s/lib64/ld-linux-x86-64.so.2 --library-path %s/usr/lib/x86_64-linux-gnu:%s/usr/lib/x86_64-linux-gnu/systemd --argv0 %s %s/usr/bin/%s "$@"\n' \
        "$root" "$root" "$root" $tool "$root" $tool >"$own/bin/$tool"
      chmod 755 "$own/bin/$tool"
    done
  fi
  local systemd=/usr/lib/systemd/systemd
  [ -x "$root$systemd" ] || systemd=/lib/systemd/systemd
  touch /run/systemd/journal/flushed
  local warp=()
  if [ -n "$timewarp" ]; then
    cp "$shim" "$own/timewarp.so" # the caller's folder may be closed to the user
    chmod 755 "$own" "$own/timewarp.so"
    warp=(LD_PRELOAD="$own/timewarp.so" TIMEWARP="$timewarp" ASAN_OPTIONS=verify_asan_link_order=0)
  fi
  if [ $journal = 1 ]; then
    mkdir -p /run/systemd/journald.conf.d
    printf '[Journal]\nRateLimitIntervalSec=0\nRateLimitBurst=0\nForwardToSyslog=no\n' >/run/systemd/journald.conf.d/brownout.conf
    (echo $BASHPID >"$cgroup/system.slice/systemd-journald.service/cgroup.procs"
      exec "${enter[@]}" env ${warp[@]+"${warp[@]}"} "${systemd%/*}/systemd-journald") >"$own/journald.log" 2>&1 &
    for _ in $(seq 100); do [ -S /run/systemd/journal/stdout ] && break; sleep 0.02; done
  fi
  local drop=() target=journal
  [ "$uid" = 0 ] || drop=(setpriv --reuid "$uid" --regid "$uid" --clear-groups --no-new-privs --inh-caps=-all)
  [ $journal = 1 ] || target=console
  local environment=(env -i PATH="$own/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" HOME="$home" USER="$(id -nu "$uid")"
    LOGNAME="$(id -nu "$uid")" SHELL=/bin/sh LANG=C.UTF-8 XDG_RUNTIME_DIR="$runtime" SYSTEMD_COLORS=0 SYSTEMD_PAGER= SYSTEMD_EMOJI=0
    ${warp[@]+"${warp[@]}"} ${extra[@]+"${extra[@]}"})
  (echo $BASHPID >"$cgroup/$manager/cgroup.procs"
    exec "${enter[@]}" "${drop[@]}" "${environment[@]}" "$systemd" --user --log-level=$level --log-target=$target --unit=basic.target) >>"$log" 2>&1 &
  local pid=$! state=
  for _ in $(seq 200); do
    state=$("${enter[@]}" "${drop[@]}" "${environment[@]}" systemctl --user is-system-running 2>/dev/null) || true
    case $state in running | degraded) break ;; esac
    kill -0 $pid 2>/dev/null || break
    sleep 0.03
  done
  case $state in running | degraded) ;; *) echo "real_systemd.sh: the manager did not boot (state \"$state\"): $(tail -1 "$log")" >&2; exit 125 ;; esac
  set +e
  "${drop[@]}" "${environment[@]}" BROWNOUT_REAL_SYSTEMD=1 "$@"
  local rc=$?
  kill -TERM $pid 2>/dev/null # it stops all its units
  for _ in $(seq 50); do kill -0 $pid 2>/dev/null || break; sleep 0.02; done
  exit $rc
}

cannot() { echo "real_systemd.sh: $1" >&2; exit 126; }

if [ "${BROWNOUT_STAGE:-}" = inside ]; then
  unset BROWNOUT_STAGE
  inside "$@"
fi
[ "$(id -u)" = 0 ] || cannot "needs root, to make namespaces and a cgroup"
for tool in unshare setpriv chroot; do command -v $tool >/dev/null || cannot "needs $tool (Debian: util-linux, coreutils)"; done
[ -n "$root" ] || [ -x /usr/lib/systemd/systemd ] || [ -x /lib/systemd/systemd ] || cannot "needs systemd installed (it need not be running)"
[ -n "$root" ] || command -v systemctl >/dev/null || cannot "needs systemctl"
[ -z "$timewarp" ] || [ -f "$shim" ] || cannot "--timewarp needs --shim, the file timewarp.so"
mounted=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
[ -n "$mounted" ] || cannot "needs a cgroup v2 mount; there is none in /proc/mounts"
cgroup=$mounted$(awk -F: '$1 == 0 { print $3 }' /proc/self/cgroup)
cgroup=${cgroup%/}/brownout.$$
mkdir "$cgroup" 2>/dev/null || cannot "cannot make a cgroup below $mounted"
made_log=
if [ -z "$log" ]; then log=$(mktemp) && made_log=$log; fi
chmod 666 "$log" 2>/dev/null || : >"$log"
cleanup() {
  [ ! -e "$cgroup/cgroup.kill" ] || echo 1 >"$cgroup/cgroup.kill" 2>/dev/null
  for _ in $(seq 40); do
    find "$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null
    [ -d "$cgroup" ] || break
    sleep 0.05
  done
  [ -z "$made_log" ] || rm -f "$made_log"
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP
if [ $check = 1 ]; then
  (echo $BASHPID >"$cgroup/cgroup.procs" && exec unshare --pid --mount --uts --ipc --cgroup --fork --kill-child --mount-proc mount -t tmpfs tmpfs /run) ||
    cannot "the kernel refuses new namespaces (a container without CAP_SYS_ADMIN?)"
  exit 0
fi
# In the background and waited for: a signal ends the wait, and cleanup then kills the whole cgroup.
(echo $BASHPID >"$cgroup/cgroup.procs"
  exec env BROWNOUT_STAGE=inside unshare --pid --mount --uts --ipc --cgroup --fork --kill-child --mount-proc \
    "$self" --log "$log" "${arguments[@]}") <&0 &
wait $!
exit $?
