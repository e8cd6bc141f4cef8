// The reading end of the log: what a start finds in `<data-dir>/wal/`.
//
// Every valid commit is told to the visitor, in order. A break below what was durable is damage: it is counted, logged
// with its place, and what follows it is kept. A break behind it was torn off by a crash before it was acknowledged.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "base/file_system.h"
#include "base/log.h"
#include "storage/wal.h"
#include "storage/wal_entries.h"

namespace ms::storage {

struct WalReplay {
  WalResume resume;
  uint64_t commits = 0;
  uint64_t segments = 0;
  uint64_t damaged_places = 0;
};

// Reads all segments; the last one is synced, so that all that the visitor was told of is durable. Fails with kIo where
// the disk does, and with kUnsupported where a segment is of a version that this build does not know.
Result<WalReplay> replay_wal(FileSystem& files, const std::string& directory, EntryVisitor& visitor, const Logger& log);

}  // namespace ms::storage
