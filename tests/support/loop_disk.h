// LoopDisk: an ext4 file system in a file, mounted by a loop device, whose power can be cut.
//
// Its journal commits by itself every 300 s only: what nobody syncs is not on it. Needs the right to mount, which is
// root's. The mount is in a mount namespace of the thread that made it and of its children, and goes with the last of
// them, however they end: none is left behind, nor a loop device.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>

#include "support/temp_dir.h"

namespace ms::test {

class LoopDisk {
 public:
  using Made = std::expected<std::unique_ptr<LoopDisk>, std::string>;

  // An empty disk of this size, of which the file takes what is used. An error says what is missing or not permitted.
  static Made make(uint64_t bytes);
  // Nobody may use it any more.
  ~LoopDisk();
  LoopDisk(const LoopDisk&) = delete;
  LoopDisk& operator=(const LoopDisk&) = delete;

  // The disk as a machine finds it that starts again after its power is cut now: a copy of the file, with nothing of
  // what the kernel has not written yet. Nobody may write meanwhile.
  Made cut_power() const;

  // Where it is mounted.
  std::string path() const { return files_.file("mount"); }

 private:
  LoopDisk() = default;
  std::string image() const { return files_.file("image"); }
  std::expected<void, std::string> mount();

  TempDir files_;
  bool is_mounted_ = false;
};

}  // namespace ms::test
