#include "support/load_writer.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "base/clock.h"
#include "support/query_client.h"
#include "support/remote_protocol.h"

namespace ms::test {
namespace {

using Sample = OwedSamples::Sample;

constexpr size_t kSamplesPerRequestMax = 20;
constexpr uint32_t kSeriesMax = 100;
constexpr uint64_t kReplacementOneIn = 10;
constexpr int64_t kAgeMs =
    3600 * 1000;  // of the first timestamp: all of them are within the query's range, and none in the future

// The same for all writers of a run, and over the restarts of the server.
int64_t first_timestamp_ms() {
  static const int64_t first = wall_ms() - kAgeMs;
  return first;
}

std::string shortest(double value) {
  char text[32];
  return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

std::string describe(uint32_t series, int64_t timestamp_ms) {
  return "series " + std::to_string(series) + " at " + std::to_string(timestamp_ms);
}

std::string json_body(uint32_t writer, const std::vector<Sample>& samples) {
  std::string body;
  for (const Sample& sample : samples) {
    body += body.empty() ? R"({"metrics":[)" : ",";
    body += R"({"name":"load","value":)" + shortest(sample.value) + R"(,"timestamp":)" +
            std::to_string(sample.timestamp_ms) + R"(,"tags":{"writer":")" + std::to_string(writer) +
            R"(","series":")" + std::to_string(sample.series) + R"("}})";
  }
  return body + "]}";
}

std::string remote_write_body(uint32_t writer, const std::vector<Sample>& samples) {
  std::vector<WrittenSeries> series;
  for (const Sample& sample : samples) {
    series.push_back({.labels = {{"__name__", "load"},
                                 {"series", std::to_string(sample.series)},
                                 {"writer", std::to_string(writer)}},
                      .samples = {{sample.timestamp_ms, sample.value}}});
  }
  return encode_remote_write(series);
}

// The number in `series="17"` of a label text.
uint32_t series_number(const std::string& labels) {
  constexpr std::string_view kKey = "series=\"";
  const size_t key = labels.find(kKey);
  if (key == std::string::npos) return kSeriesMax;  // one that no writer has
  return static_cast<uint32_t>(std::strtoul(labels.c_str() + key + kKey.size(), nullptr, 10));
}

}  // namespace

void OwedSamples::sent(const std::vector<Sample>& samples) {
  for (const Sample& sample : samples) {
    owed_[{sample.series, sample.timestamp_ms}].unanswered.push_back(bits_of(sample.value));
    sent_.push_back(sample);
  }
}

void OwedSamples::acknowledged(const std::vector<Sample>& samples) {
  for (const Sample& sample : samples) {
    owed_[{sample.series, sample.timestamp_ms}] = {.acknowledged = bits_of(sample.value), .unanswered = {}};
  }
}

size_t OwedSamples::count_acknowledged() const {
  return static_cast<size_t>(
      std::ranges::count_if(owed_, [](const auto& entry) { return entry.second.acknowledged.has_value(); }));
}

std::optional<Sample> OwedSamples::draw_sent(std::mt19937_64& random) const {
  if (sent_.empty()) return std::nullopt;
  return sent_[random() % sent_.size()];
}

bool OwedSamples::Values::may_be(uint64_t bits) const {
  return acknowledged == bits || std::ranges::find(unanswered, bits) != unanswered.end();
}

testing::AssertionResult OwedSamples::match(const std::map<uint32_t, SampleMap>& found) const {
  for (const auto& [key, values] : owed_) {
    const auto& [series, timestamp_ms] = key;
    const auto samples = found.find(series);
    const bool is_there = samples != found.end() && samples->second.contains(timestamp_ms);
    if (!is_there && values.acknowledged) {
      return testing::AssertionFailure() << describe(series, timestamp_ms) << " was acknowledged and is lost";
    }
    if (is_there && !values.may_be(samples->second.at(timestamp_ms))) {
      return testing::AssertionFailure() << describe(series, timestamp_ms) << " has a value that is not the last";
    }
  }
  for (const auto& [series, samples] : found) {
    for (const auto& [timestamp_ms, bits] : samples) {
      if (!owed_.contains({series, timestamp_ms})) {
        return testing::AssertionFailure() << describe(series, timestamp_ms) << " was never written";
      }
    }
  }
  return testing::AssertionSuccess();
}

std::vector<Sample> LoadWriter::draw_samples() {
  std::map<std::pair<uint32_t, int64_t>, double>
      drawn;  // no sample twice in one request: their order would not be defined
  const size_t count = 1 + random_() % kSamplesPerRequestMax;
  while (drawn.size() < count) {
    const double value = static_cast<double>(random_() % 1'000'000'000) / 8;
    const std::optional<Sample> old = random_() % kReplacementOneIn == 0 ? owed_.draw_sent(random_) : std::nullopt;
    if (old) {
      drawn[{old->series, old->timestamp_ms}] = value;
      continue;
    }
    const auto series = static_cast<uint32_t>(random_() % std::min(series_known_ + 1, kSeriesMax));
    series_known_ = std::max(series_known_, series + 1);
    drawn[{series, first_timestamp_ms() + timestamps_used_++}] = value;
  }
  std::vector<Sample> samples;
  for (const auto& [key, value] : drawn) samples.push_back({key.first, key.second, value});
  return samples;
}

std::string LoadWriter::make_request(const std::vector<Sample>& samples) const {
  const HeaderList headers = keeps_connection() ? HeaderList{} : HeaderList{{"Connection", "close"}};
  return uses_json() ? json_write_text(json_body(number_, samples), headers)
                     : remote_write_text(remote_write_body(number_, samples), headers);
}

void LoadWriter::take_reply(const HttpReply& reply, const std::vector<Sample>& samples,
                            std::atomic<uint64_t>& acknowledged) {
  if (reply.status == (uses_json() ? 200 : 204)) {
    owed_.acknowledged(samples);
    acknowledged.fetch_add(1, std::memory_order_relaxed);
  } else if (reply.status == 503) {
    ++account_.refusals;
  } else {
    account_.bad_replies.push_back(std::to_string(reply.status) + " " + reply.body);
  }
}

void LoadWriter::take_failure(const ClientError& error, bool was_used_before) {
  if (was_used_before && error.kind == ConnectionFailure::kEndOfStream) {
    ++account_.crossed_closes;
  } else {
    account_.broken_promises.push_back(std::string(was_used_before ? "kept" : "new") + " connection: " + error.message);
  }
}

void LoadWriter::run(const Endpoint& endpoint, std::atomic<uint64_t>& acknowledged) {
  std::optional<HttpClient> connection;
  while (true) {
    const bool was_used_before = connection.has_value();
    if (!connection) {
      ClientResult<HttpClient> opened = HttpClient::connect(endpoint);
      if (!opened && opened.error().kind == ConnectionFailure::kRefused) return;
      if (!opened) {
        take_failure(opened.error(), false);
        continue;
      }
      connection = *std::move(opened);
    }
    const std::vector<Sample> samples = draw_samples();
    owed_.sent(samples);
    const ClientResult<HttpReply> reply = connection->request(make_request(samples));
    if (reply) {
      take_reply(*reply, samples, acknowledged);
    } else {
      take_failure(reply.error(), was_used_before);
    }
    if (!reply || !keeps_connection() || reply->header("Connection") == "close") connection.reset();
  }
}

testing::AssertionResult LoadWriter::check(const Endpoint& endpoint) const {
  const std::string selector = "load{writer=\"" + std::to_string(number_) + "\"}[2h]";
  const auto answer = run_query(endpoint, "/api/v1/query?query=" + percent_encode(selector));
  if (!answer) return testing::AssertionFailure() << answer.error();
  const auto series = read_matrix(*answer);
  if (!series) return testing::AssertionFailure() << series.error();
  std::map<uint32_t, SampleMap> found;
  for (const auto& [labels, samples] : *series) found[series_number(labels)] = samples;
  testing::AssertionResult matched = owed_.match(found);
  return matched ? matched : matched << " (writer " << number_ << ")";
}

LoadWriters::LoadWriters(uint32_t count, uint64_t seed) {
  for (uint32_t number = 0; number < count; ++number) {
    writers_.push_back(std::make_unique<LoadWriter>(number, seed + number));
  }
}

void LoadWriters::start(const Endpoint& endpoint) {
  acknowledged_ = 0;
  for (const auto& writer : writers_) {
    threads_.emplace_back([this, &writer, endpoint] { writer->run(endpoint, acknowledged_); });
  }
}

bool LoadWriters::wait_acknowledged(uint64_t requests, milliseconds timeout) const {
  return wait_until(timeout, [&] { return acknowledged_.load(std::memory_order_relaxed) >= requests; });
}

void LoadWriters::join() {
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

testing::AssertionResult LoadWriters::check(const Endpoint& endpoint) const {
  for (const auto& writer : writers_) {
    if (testing::AssertionResult checked = writer->check(endpoint); !checked) return checked;
  }
  return testing::AssertionSuccess();
}

}  // namespace ms::test
