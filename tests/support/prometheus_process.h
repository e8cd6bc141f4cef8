// PrometheusProcess: a real Prometheus, which scrapes each second and sends everything on by remote write, or does what
// a configuration of the test's says.
//
// What the first scrapes stands in a file that it watches, so that targets come and go while it runs. It batches and
// retries in milliseconds, since its receiver is stopped and killed under it; nothing else is changed from its
// defaults.
#pragma once

#include <gtest/gtest.h>

#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/child_process.h"
#include "support/endpoint.h"
#include "support/series_map.h"
#include "support/temp_dir.h"
#include "support/wait.h"

namespace ms::test {

struct ScrapeTarget {
  std::string job;
  Endpoint endpoint;
};

class PrometheusProcess {
 public:
  explicit PrometheusProcess(const Endpoint& receiver);
  // The text of its prometheus.yml.
  explicit PrometheusProcess(std::string configuration) : configuration_(std::move(configuration)) {}
  ~PrometheusProcess();

  // Starts it, and waits until it answers.
  testing::AssertionResult start();
  const Endpoint& endpoint() const { return endpoint_; }
  void set_targets(const std::vector<ScrapeTarget>& targets) const;

  // The sum of a metric's series on its own /metrics; an error where there is none.
  std::expected<double, std::string> read_metric(std::string_view name) const;
  // The value of an instant query that has one series; 0 where it has none.
  double query_number(std::string_view query) const;
  // Waits until everything that it has appended is sent and acknowledged.
  testing::AssertionResult wait_sent(milliseconds timeout) const;
  // Every sample that it holds, by remote read: bit for bit, staleness markers included.
  std::expected<SeriesMap, std::string> read_everything() const;

 private:
  Endpoint endpoint_;
  TempDir files_;
  std::string configuration_;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace ms::test
