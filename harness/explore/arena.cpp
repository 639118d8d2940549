#include "harness/explore/arena.h"

#include <array>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <new>

namespace harness::explore {

namespace {

thread_local Arena* active = nullptr;  ///< where `new` goes
thread_local Arena* mine = nullptr;    ///< where a block of an arena came from

constexpr std::size_t kUnit = 16;         ///< blocks are multiples of this, less the size that lies before each
constexpr std::size_t kSmall = 64;        ///< classes of one unit each
constexpr std::size_t kClasses = kSmall + 128;

/// The class of a block and its size in units: exact when small, then four steps to each doubling.
struct SizeClass {
  std::size_t index, units;
};
SizeClass class_of(std::size_t bytes) {
  const auto units = (bytes + sizeof(std::uint64_t) + kUnit - 1) / kUnit;
  if (units <= kSmall) return {units - 1, units};
  const auto shift = static_cast<std::size_t>(std::bit_width(units - 1)) - 3;
  const auto steps = (units + (std::size_t{1} << shift) - 1) >> shift;  // 4 < steps <= 8
  return {kSmall + (shift - 4) * 4 + (steps - 5), steps << shift};
}

}  // namespace

/// At the beginning of the arena's memory, so that a mark covers it.
struct Arena::Head {
  std::size_t top = 0;
  std::array<void*, kClasses> free{};
};

Arena::Head& Arena::head() const { return *std::launder(reinterpret_cast<Head*>(memory_)); }

Arena::Arena() : memory_(static_cast<std::byte*>(std::malloc(kSize))) {
  if (memory_ == nullptr) throw std::bad_alloc();
  mine = this;
  clear();
}

Arena::~Arena() {
  mine = nullptr;
  std::free(memory_);
}

void Arena::clear() {
  auto* fresh = new (memory_) Head;
  // The first block's memory, eight bytes past its size, is aligned to sixteen.
  fresh->top = (sizeof(Head) + kUnit - 1) / kUnit * kUnit + kUnit - sizeof(std::uint64_t);
}

void* Arena::allocate(std::size_t bytes) {
  auto& state = head();
  const auto [index, units] = class_of(bytes);
  if (index >= kClasses) throw std::bad_alloc();
  if (void* block = state.free[index]; block != nullptr) {
    std::memcpy(&state.free[index], block, sizeof(void*));
    return block;
  }
  const auto size = units * kUnit;
  if (state.top + size > kSize) throw std::bad_alloc();
  auto* place = memory_ + state.top;
  state.top += size;
  const std::uint64_t which = index;
  std::memcpy(place, &which, sizeof which);
  return place + sizeof which;
}

void Arena::release(void* block) noexcept {
  std::uint64_t index = 0;
  std::memcpy(&index, static_cast<std::byte*>(block) - sizeof index, sizeof index);
  auto& state = head();
  std::memcpy(block, &state.free[index], sizeof(void*));
  state.free[index] = block;
}

std::size_t Arena::used() const { return head().top; }

void Arena::mark(Mark& into) const { into.copy_.assign(memory_, memory_ + used()); }

void Arena::go_back(const Mark& mark) { std::memcpy(memory_, mark.copy_.data(), mark.copy_.size()); }

Arena::Scope::Scope(Arena& arena) : before_(active) { active = &arena; }
Arena::Scope::~Scope() { active = before_; }
Arena::Pause::Pause() : before_(active) { active = nullptr; }
Arena::Pause::~Pause() { active = before_; }

namespace {

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
/// As [new.delete.single] asks: the new-handler is called until it helps or throws.
void* from_heap(std::size_t bytes) {
  while (true) {
    if (void* block = std::malloc(bytes == 0 ? 1 : bytes); block != nullptr) return block;
    const auto handler = std::get_new_handler();
    if (handler == nullptr) throw std::bad_alloc();
    handler();
  }
}

thread_local int statics_open = 0;
thread_local Arena* before_statics = nullptr;

void static_begins() {
  if (statics_open++ == 0) before_statics = std::exchange(active, nullptr);
}
void static_ends() {
  if (--statics_open == 0) active = before_statics;
}
#endif

}  // namespace
}  // namespace harness::explore

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

using harness::explore::active;
using harness::explore::mine;

void* operator new(std::size_t bytes) { return active == nullptr ? harness::explore::from_heap(bytes) : active->allocate(bytes); }
void* operator new[](std::size_t bytes) { return operator new(bytes); }
void operator delete(void* block) noexcept {
  if (mine != nullptr && block != nullptr && mine->holds(block)) return mine->release(block);
  std::free(block);
}
void operator delete[](void* block) noexcept { operator delete(block); }
void operator delete(void* block, std::size_t) noexcept { operator delete(block); }
void operator delete[](void* block, std::size_t) noexcept { operator delete(block); }

// A function-local static lives as long as the program, wherever it is first met: the linker sends its guard through here (--wrap).
extern "C" {
int __real___cxa_guard_acquire(std::int64_t* guard);
void __real___cxa_guard_release(std::int64_t* guard);
void __real___cxa_guard_abort(std::int64_t* guard);

int __wrap___cxa_guard_acquire(std::int64_t* guard) {
  const int make = __real___cxa_guard_acquire(guard);
  if (make != 0) harness::explore::static_begins();
  return make;
}
void __wrap___cxa_guard_release(std::int64_t* guard) {
  harness::explore::static_ends();
  __real___cxa_guard_release(guard);
}
void __wrap___cxa_guard_abort(std::int64_t* guard) {
  harness::explore::static_ends();
  __real___cxa_guard_abort(guard);
}
}

#endif
