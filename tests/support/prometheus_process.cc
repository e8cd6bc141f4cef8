#include "support/prometheus_process.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <sstream>

#include "support/http_client.h"
#include "support/peers.h"
#include "support/query_client.h"
#include "support/remote_protocol.h"

namespace ms::test {
namespace {

constexpr seconds kStartTimeout{30};

std::string configuration(const Endpoint& receiver, const std::string& targets_path) {
  return "global:\n"
         "  scrape_interval: 1s\n"
         "scrape_configs:\n"
         "  - job_name: targets\n"
         "    file_sd_configs:\n"
         "      - files: ['" +
         targets_path +
         "']\n"
         "remote_write:\n"
         "  - url: http://" +
         receiver.text() +
         "/api/v1/write\n"
         "    metadata_config: {send: true, send_interval: 3s}\n"
         "    queue_config:\n"
         "      batch_send_deadline: 200ms\n"
         "      min_backoff: 30ms\n"
         "      max_backoff: 200ms\n"
         "      min_shards: 4\n"
         "      max_shards: 4\n";
}

// Written aside and renamed: Prometheus never reads half of it.
void replace_file(const std::string& path, const std::string& content) {
  write_whole_file(path + ".part", content);
  std::filesystem::rename(path + ".part", path);
}

struct SendingState {
  double pending = -1;
  double appended = -1;
  double delivered = -1;

  bool is_done() const { return pending == 0 && appended > 0 && delivered >= appended; }
};

SendingState read_sending_state(const PrometheusProcess& prometheus) {
  SendingState state;
  state.appended = prometheus.read_metric("prometheus_remote_storage_samples_in_total").value_or(-1);
  state.pending = prometheus.read_metric("prometheus_remote_storage_samples_pending").value_or(-1);
  // What is sent again counts as sent each time.
  state.delivered = prometheus.read_metric("prometheus_remote_storage_samples_total").value_or(0) -
                    prometheus.read_metric("prometheus_remote_storage_samples_retried_total").value_or(0);
  return state;
}

}  // namespace

PrometheusProcess::PrometheusProcess(const Endpoint& receiver)
    : configuration_(configuration(receiver, files_.file("targets.json"))) {}

PrometheusProcess::~PrometheusProcess() {
  if (process_ != nullptr && testing::Test::HasFailure()) {
    std::printf("prometheus' log:\n%s\n", process_->errors().c_str());
  }
}

testing::AssertionResult PrometheusProcess::start() {
  endpoint_ = {.host = "127.0.0.1", .port = choose_free_port()};
  set_targets({});
  write_whole_file(files_.file("prometheus.yml"), configuration_);
  process_ = std::make_unique<ChildProcess>(Command{.arguments = {
                                                        peer_path(kPrometheus),
                                                        "--config.file=" + files_.file("prometheus.yml"),
                                                        "--storage.tsdb.path=" + files_.file("tsdb"),
                                                        "--web.listen-address=" + endpoint_.text(),
                                                    }});
  const bool ready = wait_until(kStartTimeout, [this] {
    const ClientResult<HttpReply> reply = get(endpoint_, "/-/ready");
    return (reply && reply->status == 200) || !process_->is_running();
  });
  if (ready && process_->is_running()) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "prometheus does not start; its log:\n" << process_->errors();
}

void PrometheusProcess::set_targets(const std::vector<ScrapeTarget>& targets) const {
  std::string groups;
  for (const ScrapeTarget& target : targets) {
    groups += groups.empty() ? "" : ",";
    groups += R"({"targets":[")" + target.endpoint.text() + R"("],"labels":{"job":")" + target.job + R"("}})";
  }
  replace_file(files_.file("targets.json"), "[" + groups + "]");
}

std::expected<double, std::string> PrometheusProcess::read_metric(std::string_view name) const {
  const ClientResult<HttpReply> reply = get(endpoint_, "/metrics");
  if (!reply) return std::unexpected(reply.error().message);
  std::optional<double> sum;
  std::istringstream lines(reply->body);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(name) || line.size() == name.size()) continue;
    if (const char next = line[name.size()]; next != ' ' && next != '{') continue;
    sum = sum.value_or(0) + std::strtod(line.c_str() + line.rfind(' '), nullptr);
  }
  if (!sum) return std::unexpected("no metric " + std::string(name));
  return *sum;
}

double PrometheusProcess::query_number(std::string_view query) const {
  const auto answer = run_query(endpoint_, "/api/v1/query?query=" + percent_encode(query));
  if (!answer || answer->series.size() != 1) return 0;
  const std::string& point = answer->series.front().values;  // [1732363200.5,"17"]
  return std::strtod(point.c_str() + point.find('"') + 1, nullptr);
}

testing::AssertionResult PrometheusProcess::wait_sent(milliseconds timeout) const {
  SendingState state;
  const bool done = wait_until(timeout, [&] {
    state = read_sending_state(*this);
    return state.is_done();
  });
  if (done) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "prometheus appended " << state.appended << " samples, sent " << state.delivered
                                     << ", and has " << state.pending << " waiting";
}

std::expected<SeriesMap, std::string> PrometheusProcess::read_everything() const {
  constexpr int64_t kYear2100Ms = 4'102'444'800'000;
  const std::string body = encode_read_everything(0, kYear2100Ms);
  // HTTP/1.0, as for get(): a body that ends with the connection.
  const ClientResult<HttpReply> reply = fetch(endpoint_,
                                              "POST /api/v1/read HTTP/1.0\r\nHost: prometheus.test\r\n"
                                              "Content-Type: application/x-protobuf\r\nContent-Encoding: snappy\r\n"
                                              "Content-Length: " +
                                                  std::to_string(body.size()) + "\r\n\r\n" + body);
  if (!reply) return std::unexpected(reply.error().message);
  if (reply->status != 200) return std::unexpected(std::to_string(reply->status) + " " + reply->body);
  return decode_read_reply(reply->body);
}

}  // namespace ms::test
