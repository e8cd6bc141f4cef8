#include "support/restart_load.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "base/clock.h"
#include "load/arrivals.h"
#include "load/clients.h"
#include "support/query_client.h"

namespace ms::test {
namespace {

constexpr int64_t kFirstTimestampMs = 1732363200000;
constexpr const char* kQueryTimeS = "1732370400";  // two hours later
constexpr uint64_t kTimeoutNs = 60 * kNanosPerSecond;
// Some are shorter than the grace that a stop gives, some longer: those find their connection ended.
constexpr std::array<int, 6> kPausesMs = {2, 10, 50, 150, 400, 900};
// How long a keeper waits where it is told to come back, or nobody listens.
constexpr milliseconds kComeBack{20};

int64_t value_of(int64_t number) { return number % 1000; }

std::string write_text(const std::string& series, int64_t number, const HeaderList& headers) {
  return json_write_text(R"({"name":")" + series + R"(","value":)" + std::to_string(value_of(number)) +
                             R"(,"timestamp":)" + std::to_string(kFirstTimestampMs + number) + "}",
                         headers);
}

std::string keeper_series(size_t number) { return "restart_keeper_" + std::to_string(number); }

load::Target target_of(const Endpoint& endpoint) {
  const auto target = load::parse_http_target("http://" + endpoint.text());
  if (!target) std::abort();  // an endpoint's text is a target
  return target->address;
}

testing::AssertionResult find_samples(const Endpoint& endpoint, const std::string& series,
                                      std::span<const int64_t> numbers) {
  if (numbers.empty()) return testing::AssertionSuccess();
  const auto answer = run_query(endpoint, instant_target(series + "[3h]", kQueryTimeS));
  if (!answer) return testing::AssertionFailure() << answer.error();
  const auto found = read_matrix(*answer);
  if (!found) return testing::AssertionFailure() << found.error();
  const SampleMap none;
  const SampleMap& samples = found->empty() ? none : found->begin()->second;
  for (const int64_t number : numbers) {
    const auto sample = samples.find(kFirstTimestampMs + number);
    if (sample == samples.end()) {
      return testing::AssertionFailure() << series << " " << number << " was acknowledged and is lost";
    }
    if (sample->second != bits_of(static_cast<double>(value_of(number)))) {
      return testing::AssertionFailure() << series << " " << number << " has another value";
    }
  }
  return testing::AssertionSuccess();
}

}  // namespace

RestartLoad::RestartLoad(const Settings& settings) : settings_(settings), target_(target_of(settings.endpoint)) {
  for (size_t i = 0; i < settings.keepers; ++i) keepers_.push_back(std::make_unique<Keeper>());
  for (size_t i = 0; i < settings.keepers; ++i) keepers_[i]->thread = std::thread([this, i] { keep(i); });
}

void RestartLoad::begin_wave(uint64_t duration_ns) {
  wave_first_ = next_arrival_;
  wave_served_ = 0;
  longest_arrival_ns_ = 0;
  std::vector<uint64_t> schedule_ns =
      load::poisson_arrivals(settings_.arrivals_per_s, duration_ns, settings_.seed + wave_first_);
  next_arrival_ += schedule_ns.size();
  std::vector<std::string> requests;
  requests.reserve(schedule_ns.size());
  for (size_t i = wave_first_; i < next_arrival_; ++i) {
    requests.push_back(write_text("restart_arrival", static_cast<int64_t>(i), {{"Connection", "close"}}));
  }
  wave_ = std::thread([this, schedule_ns = std::move(schedule_ns), requests = std::move(requests)] {
    const load::ClientSettings settings{.target = target_, .requests = requests, .timeout_ns = kTimeoutNs};
    const load::OnEnd on_end = [this](size_t number, const load::Attempt& attempt) { note_end(number, attempt); };
    if (!load::run_open_loop(settings, schedule_ns, on_end)) ++tally_.not_begun;
  });
}

void RestartLoad::note_end(size_t number, const load::Attempt& attempt) {
  load::count(tally_, attempt);
  if (!load::is_served(attempt)) return;
  served_.push_back(wave_first_ + number);
  longest_arrival_ns_ = std::max(longest_arrival_ns_, attempt.ended_ns - attempt.scheduled_ns);
  note_answer(attempt.ended_ns);
  wave_served_.fetch_add(1, std::memory_order_relaxed);
}

void RestartLoad::note_answer(uint64_t now_ns) {
  const MutexLock lock(mutex_);
  answers_ns_.push_back(now_ns);
}

void RestartLoad::end_wave() {
  if (wave_.joinable()) wave_.join();
}

void RestartLoad::finish() {
  end_wave();
  is_over_ = true;
  for (const auto& keeper : keepers_) {
    if (keeper->thread.joinable()) keeper->thread.join();
  }
}

void RestartLoad::keep(size_t number) {
  Keeper& keeper = *keepers_[number];
  const milliseconds pause(kPausesMs[number % kPausesMs.size()]);
  std::optional<HttpClient> connection;
  for (int64_t sample = 0; !is_over_;) {
    if (connection && connection->is_at_end()) connection.reset();
    const bool is_kept = connection.has_value();
    if (!connection) {
      ClientResult<HttpClient> opened = HttpClient::connect(settings_.endpoint, seconds(60));
      if (!opened) {
        ++(opened.error().kind == ConnectionFailure::kRefused ? keeper.counts.kept_connect_refused
           : opened.error().kind == ConnectionFailure::kReset ? keeper.counts.kept_reset
                                                              : keeper.counts.kept_failed);
        std::this_thread::sleep_for(kComeBack);
        continue;
      }
      connection = *std::move(opened);
    }
    const ClientResult<HttpReply> reply = connection->request(write_text(keeper_series(number), sample, {}));
    if (!reply) {
      const ConnectionFailure kind = reply.error().kind;
      ++(kind == ConnectionFailure::kReset                    ? keeper.counts.kept_reset
         : is_kept && kind == ConnectionFailure::kEndOfStream ? keeper.counts.kept_crossed
                                                              : keeper.counts.kept_failed);
      connection.reset();
      continue;
    }
    if (reply->header("Connection") == "close") connection.reset();
    if (reply->status == 503) {
      ++keeper.counts.kept_refused;
      std::this_thread::sleep_for(kComeBack);
      continue;
    }
    if (reply->status == 200) {
      note_answer(monotonic_ns());
      if (keeper.counts.kept_served++ == 0) keepers_served_.fetch_add(1, std::memory_order_relaxed);
      keeper.acknowledged.push_back(sample);
    } else {
      ++keeper.counts.kept_failed;
    }
    ++sample;
    std::this_thread::sleep_for(pause);  // this is what makes it a client that pauses
  }
}

RestartLoad::Counts RestartLoad::counts() const {
  Counts sum;
  for (const auto& keeper : keepers_) {
    const Counts& one = keeper->counts;
    sum.kept_served += one.kept_served;
    sum.kept_refused += one.kept_refused;
    sum.kept_connect_refused += one.kept_connect_refused;
    sum.kept_reset += one.kept_reset;
    sum.kept_crossed += one.kept_crossed;
    sum.kept_failed += one.kept_failed;
  }
  sum.arrivals = tally_;
  return sum;
}

testing::AssertionResult RestartLoad::find_acknowledged(const Endpoint& endpoint) const {
  const std::vector<int64_t> arrivals(served_.begin(), served_.end());
  if (testing::AssertionResult found = find_samples(endpoint, "restart_arrival", arrivals); !found) return found;
  for (size_t i = 0; i < keepers_.size(); ++i) {
    if (testing::AssertionResult found = find_samples(endpoint, keeper_series(i), keepers_[i]->acknowledged); !found) {
      return found;
    }
  }
  return testing::AssertionSuccess();
}

uint64_t RestartLoad::longest_silence_ns(uint64_t begin_ns, uint64_t end_ns) const {
  std::vector<uint64_t> moments_ns = {begin_ns, end_ns};
  {
    const MutexLock lock(mutex_);
    std::ranges::copy_if(answers_ns_, std::back_inserter(moments_ns),
                         [&](uint64_t ns) { return ns > begin_ns && ns < end_ns; });
  }
  std::ranges::sort(moments_ns);
  uint64_t longest_ns = 0;
  for (size_t i = 1; i < moments_ns.size(); ++i) longest_ns = std::max(longest_ns, moments_ns[i] - moments_ns[i - 1]);
  return longest_ns;
}

std::ostream& operator<<(std::ostream& out, const RestartLoad::Counts& counts) {
  const load::Tally& arrivals = counts.arrivals;
  return out << "new connections: " << arrivals.offered << " (" << arrivals.served << " served, " << arrivals.refused
             << " answered 503, " << arrivals.connect_refused << " refused, " << arrivals.reset << " reset, "
             << arrivals.cut_short << " cut short, " << arrivals.timed_out << " timed out, "
             << arrivals.other_status + arrivals.broken + arrivals.not_begun
             << " other); kept ones: " << counts.kept_served << " served, " << counts.kept_refused << " answered 503, "
             << counts.kept_connect_refused << " refused, " << counts.kept_reset << " reset, " << counts.kept_crossed
             << " sent again, " << counts.kept_failed << " failed";
}

}  // namespace ms::test
