#include "support/loop_disk.h"

#include <sched.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <vector>

#include "support/child_process.h"
#include "support/wait.h"

namespace ms::test {
namespace {

constexpr seconds kProgramTimeout{60};

std::unexpected<std::string> failure(const std::string& what) { return std::unexpected(what); }
std::unexpected<std::string> failure(const std::string& what, int error) {
  return failure(what + ": " + std::strerror(error));
}

std::expected<void, std::string> run(const std::vector<std::string>& arguments) {
  ChildProcess program({.arguments = arguments});
  const auto exit = program.wait_exit(kProgramTimeout);
  if (exit && exit->code == 0) return {};
  return failure(arguments.front() + " " + arguments.back() + ": " + (exit ? program.errors() : "takes too long"));
}

// What is mounted from now on by this thread and its children is seen by them only.
std::expected<void, std::string> keep_mounts_private() {
  if (unshare(CLONE_NEWNS) != 0) return failure("a mount namespace of its own", errno);
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return failure("private mounts", errno);
  return {};
}

}  // namespace

LoopDisk::~LoopDisk() {
  // Detached: gone from here at once, and from the kernel with its last user.
  if (is_mounted_) umount2(path().c_str(), MNT_DETACH);
}

LoopDisk::Made LoopDisk::make(uint64_t bytes) {
  if (auto kept = keep_mounts_private(); !kept) return std::unexpected(kept.error());
  std::unique_ptr<LoopDisk> disk(new LoopDisk);
  std::ofstream(disk->image()).close();
  std::filesystem::resize_file(disk->image(), bytes);
  if (auto made = run({"/usr/sbin/mkfs.ext4", "-q", "-F", disk->image()}); !made) {
    return std::unexpected(made.error());
  }
  if (auto mounted = disk->mount(); !mounted) return std::unexpected(mounted.error());
  return disk;
}

LoopDisk::Made LoopDisk::cut_power() const {
  std::unique_ptr<LoopDisk> disk(new LoopDisk);
  if (auto copied = run({"/bin/cp", "--sparse=always", image(), disk->image()}); !copied) {
    return std::unexpected(copied.error());
  }
  if (auto mounted = disk->mount(); !mounted) return std::unexpected(mounted.error());
  return disk;
}

std::expected<void, std::string> LoopDisk::mount() {
  std::filesystem::create_directory(path());
  auto mounted = run({"/bin/mount", "-n", "-o", "loop,commit=300", "-t", "ext4", image(), path()});
  is_mounted_ = mounted.has_value();
  return mounted;
}

}  // namespace ms::test
