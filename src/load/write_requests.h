// WriteRequests: whole HTTP requests that write samples of a workload, encoded and compressed as clients do.
//
// Immutable, so thread-safe: several threads may encode at once. What the samples of a series share is encoded when it
// is made, a few hundred bytes for each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "load/http_target.h"
#include "load/protocol.h"
#include "load/workload.h"

namespace ms::load {

struct WriteRequest {
  std::string bytes;  // head and body
  size_t body_bytes = 0;
  size_t samples = 0;
};

// Series [first, first + count) of the workload.
struct SeriesRange {
  size_t first = 0;
  size_t count = 0;
};

class WriteRequests {
 public:
  struct Settings {
    HttpTarget target;
    Protocol protocol = Protocol::kRemoteWrite;  // one that has samples
    size_t series = 0;
    uint64_t seed = 1;
    int64_t start_ms = 0;  // the timestamp of step 0
    int64_t step_ms = 0;
  };

  explicit WriteRequests(const Settings& settings);

  // Samples [first, first + count) of the series in `range`, which holds at least one: each step has one of each, in
  // their order.
  WriteRequest encode(SeriesRange range, uint64_t first, size_t count) const;

 private:
  std::string encode_body(SeriesRange range, uint64_t first, size_t count) const;

  HttpTarget target_;
  Protocol protocol_;
  Workload workload_;
  int64_t start_ms_;
  int64_t step_ms_;
  std::vector<std::string> series_;  // what the samples of each have in common
};

}  // namespace ms::load
