#include "harness/explore/arena.h"

#include <array>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "base/assert.h"

namespace harness::explore {

namespace {

thread_local Arena* active = nullptr;  ///< where `new` goes
thread_local Arena* mine = nullptr;    ///< where a block of an arena came from

constexpr std::size_t kUnit = 16;         ///< blocks are multiples of this, less the size that lies before each
constexpr std::size_t kSmall = 64;        ///< classes of one unit each
constexpr std::size_t kClasses = kSmall + 128;

/// What lies before each block.
struct Label {
  std::uint32_t index = 0;
  std::uint32_t free = 0;
};
static_assert(sizeof(Label) == 8);

/// The class of a block and its size in units: exact when small, then four steps to each doubling.
struct SizeClass {
  std::size_t index, units;
};
SizeClass class_of(std::size_t bytes) {
  const auto units = (bytes + sizeof(Label) + kUnit - 1) / kUnit;
  if (units <= kSmall) return {units - 1, units};
  const auto shift = static_cast<std::size_t>(std::bit_width(units - 1)) - 3;
  const auto steps = (units + (std::size_t{1} << shift) - 1) >> shift;  // 4 < steps <= 8
  return {kSmall + (shift - 4) * 4 + (steps - 5), steps << shift};
}
std::size_t units_of(std::size_t index) { return index < kSmall ? index + 1 : (5 + (index - kSmall) % 4) << ((index - kSmall) / 4 + 4); }

constexpr std::size_t kLink = sizeof(void*);  ///< at the beginning of a free block: the next one of its class

}  // namespace

/// At the beginning of the arena's memory, so that a mark covers it.
struct Arena::Head {
  std::size_t top = 0;
  std::array<void*, kClasses> free{};
};

namespace {
/// A free block up to this size is kept whole: two pieces would cost more.
constexpr std::size_t kSkipped = 96;
}  // namespace

/// Where the first block's label lies; the block itself, eight bytes further, is aligned to sixteen.
constexpr std::size_t Arena::kFirst = (sizeof(Head) + kUnit - 1) / kUnit * kUnit + kUnit - sizeof(Label);

Arena::Head& Arena::head() const { return *std::launder(reinterpret_cast<Head*>(memory_)); }

Arena::Arena() : memory_(static_cast<std::byte*>(std::malloc(kSize))) {
  if (memory_ == nullptr) throw std::bad_alloc();
  ASSERT(mine == nullptr);
  mine = this;
  clear();
}

Arena::~Arena() {
  mine = nullptr;
  std::free(memory_);
}

void Arena::clear() {
  auto* fresh = new (memory_) Head;
  fresh->top = kFirst;
}

void* Arena::allocate(std::size_t bytes) {
  auto& state = head();
  const auto [index, units] = class_of(bytes);
  if (index >= kClasses) throw std::bad_alloc();
  if (void* block = state.free[index]; block != nullptr) {
    std::memcpy(&state.free[index], block, kLink);
    std::memset(static_cast<std::byte*>(block) - sizeof(std::uint32_t), 0, sizeof(std::uint32_t));
    return block;
  }
  const auto size = units * kUnit;
  if (state.top + size > kSize) throw std::bad_alloc();
  auto* place = memory_ + state.top;
  state.top += size;
  const Label label{.index = static_cast<std::uint32_t>(index)};
  std::memcpy(place, &label, sizeof label);
  return place + sizeof label;
}

void Arena::release(void* block) noexcept {
  auto* place = static_cast<std::byte*>(block) - sizeof(Label);
  Label label;
  std::memcpy(&label, place, sizeof label);
  ASSERT(label.free == 0);
  label.free = 1;
  std::memcpy(place, &label, sizeof label);
  auto& state = head();
  std::memcpy(block, &state.free[label.index], kLink);
  state.free[label.index] = block;
}

std::size_t Arena::used() const { return head().top; }

void Arena::mark(Mark& into) const {
  into.pieces_.clear();
  into.copy_.clear();
  const auto end = used();
  std::size_t from = 0, at = kFirst;
  const auto keep = [&](std::size_t to) {
    if (to == from) return;
    into.pieces_.push_back({static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(to - from)});
    into.copy_.insert(into.copy_.end(), memory_ + from, memory_ + to);
  };
  while (at < end) {
    Label label;
    std::memcpy(&label, memory_ + at, sizeof label);
    const auto size = units_of(label.index) * kUnit;
    if (label.free != 0 && size > kSkipped) {
      keep(at + sizeof label + kLink);
      from = at + size;
    }
    at += size;
  }
  if (from < end) keep(end);
}

void Arena::go_back(const Mark& mark) {
  const auto* copy = mark.copy_.data();
  for (const auto& piece : mark.pieces_) {
    std::memcpy(memory_ + piece.at, copy, piece.size);
    copy += piece.size;
  }
}

Arena::Scope::Scope(Arena& arena) : before_(active) { active = &arena; }
Arena::Scope::~Scope() { active = before_; }
Arena::Pause::Pause() : before_(active) { active = nullptr; }
Arena::Pause::~Pause() { active = before_; }

namespace {

#ifdef BROWNOUT_ARENAS
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

#ifdef BROWNOUT_ARENAS

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
