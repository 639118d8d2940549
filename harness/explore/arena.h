// Memory of one virtual world, which can be put back to how it was: what lets a thousand cases share their beginning. Pure.
//
// Between two moments of virtual time a world is nothing but memory. While a Scope is open, everything that `new` gives on this thread lies in
// the arena, at fixed addresses; a Mark is a copy of it, and going back to a mark brings the whole world back, pointers, closures and all,
// without a destructor being run. Two things must hold, and laboratory.cpp sees to them: nothing outside may point into the arena or change
// with it (shared counts included), and what outlives a world is made in a Pause. Function-local statics pause by themselves (arena.cpp).
// What a C library keeps in memory of its own (an inflater) must not live across a mark: no fault of exploration is compressed.
//
// Sanitizers want to see each allocation: under them kArenas is false and cases are run from their beginning.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace harness::explore {

#ifdef BROWNOUT_ARENAS  // set together with the linker's --wrap (CMakeLists.txt)
inline constexpr bool kArenas = true;
#else
inline constexpr bool kArenas = false;
#endif

class Arena {
 public:
  /// One at a time per thread; it belongs to the thread that made it.
  Arena();
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  /// Forgets everything in it; no destructor is run.
  void clear();

  /// `new` on this thread comes from the arena until the scope ends.
  class Scope {
   public:
    explicit Scope(Arena& arena);
    ~Scope();
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Arena* before_;
  };
  /// Inside a Scope: `new` comes from the heap for a while.
  class Pause {
   public:
    Pause();
    ~Pause();
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;

   private:
    Arena* before_;
  };

  /// How the arena was: its blocks in use; of a free one only what leads to the next.
  class Mark {
   public:
    std::size_t bytes() const { return copy_.size(); }

   private:
    friend class Arena;
    struct Piece {
      std::uint32_t at, size;
    };
    std::vector<Piece> pieces_;
    std::vector<std::byte> copy_;
  };
  /// Call both outside of a Scope.
  void mark(Mark& into) const;
  void go_back(const Mark& mark);

  void* allocate(std::size_t bytes);
  void release(void* block) noexcept;
  bool holds(const void* block) const noexcept { return static_cast<std::size_t>(static_cast<const std::byte*>(block) - memory_) < kSize; }
  std::size_t used() const;  ///< bytes, free blocks included

  static constexpr std::size_t kSize = std::size_t{128} << 20;  ///< of address space; pages come as they are used

 private:
  struct Head;
  static const std::size_t kFirst;
  Head& head() const;
  std::byte* memory_;
};

}  // namespace harness::explore
