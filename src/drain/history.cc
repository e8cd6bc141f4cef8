#include "drain/history.h"

#include <algorithm>
#include <cstdio>
#include <tuple>

namespace ms::drain {
namespace {

bool is_in_service(const net::Record& record, uint64_t at_ns) {
  return record.stamps.taken_ns != 0 && record.stamps.taken_ns <= at_ns && at_ns < record.ended_ns;
}

bool is_in_queue(const net::Record& record, uint64_t at_ns) {
  const uint64_t left_ns = left_queue_ns(record);
  return left_ns != 0 && record.stamps.enqueued_ns <= at_ns && at_ns < left_ns;
}

bool is_trio(const Passage& first, const Passage& second, const Passage& third) {
  const auto is_answered = [](const Passage& passage) {
    return passage.attempt != nullptr && load::is_served(*passage.attempt);
  };
  const uint64_t number = first.record->connection;
  return second.record->connection == number + 1 && third.record->connection == number + 2 && is_answered(first) &&
         is_answered(second) && is_answered(third);
}

template <class Holds>
History::Passages select(const std::vector<Passage>& passages, const Holds& holds) {
  History::Passages selected;
  for (const Passage& passage : passages) {
    if (holds(passage)) selected.push_back(&passage);
  }
  return selected;
}

}  // namespace

bool is_connected(const Passage& passage, uint64_t at_ns) {
  return passage.attempt != nullptr && passage.attempt->connected_ns != 0 && passage.attempt->connected_ns <= at_ns;
}

History::History(const Observations& seen) : seen_(seen), passages_(trace_passages(seen)) {}

std::optional<History::Trio> History::find_trio() const {
  std::optional<Trio> best;
  std::tuple<int, uint64_t> best_rank;  // less is better
  for (size_t i = 0; i + 2 < passages_.size(); ++i) {
    const Trio trio = {&passages_[i], &passages_[i + 1], &passages_[i + 2]};
    if (!is_trio(*trio[0], *trio[1], *trio[2])) continue;
    const uint64_t begin_ns = trio[0]->record->stamps.accept_begin_ns;
    const int waiting = is_connected(*trio[1], begin_ns) + is_connected(*trio[2], begin_ns);
    const std::tuple rank(-waiting, trio[2]->record->stamps.accepted_ns - begin_ns);
    if (best && rank >= best_rank) continue;
    best = trio;
    best_rank = rank;
  }
  return best;
}

uint64_t History::busiest_ns() const {
  struct Change {
    uint64_t at_ns;
    int busy;
    int queued;
  };
  std::vector<Change> changes;
  for (const Step& step : queue_steps(seen_.records)) changes.push_back({step.at_ns, 0, step.change});
  for (const net::Record& record : seen_.records) {
    if (record.stamps.taken_ns == 0) continue;
    changes.push_back({record.stamps.taken_ns, 1, 0});
    changes.push_back({record.ended_ns, -1, 0});
  }
  std::ranges::stable_sort(changes, {}, &Change::at_ns);
  std::tuple<int, int> most(-1, -1);
  std::tuple<int, int> now(0, 0);
  uint64_t at_ns = seen_.begin_ns;
  for (size_t i = 0; i < changes.size(); ++i) {
    std::get<0>(now) += changes[i].busy;
    std::get<1>(now) += changes[i].queued;
    const bool is_settled = i + 1 == changes.size() || changes[i + 1].at_ns != changes[i].at_ns;
    if (!is_settled || now <= most) continue;
    most = now;
    at_ns = changes[i].at_ns;
  }
  return at_ns;
}

DepthSample History::deepest() const {
  const auto found = std::ranges::max_element(seen_.depths, {}, &DepthSample::depth);
  return found == seen_.depths.end() ? DepthSample{.at_ns = seen_.begin_ns} : *found;
}

std::optional<DepthSample> History::depth_at(uint64_t at_ns) const {
  const auto after = std::ranges::upper_bound(seen_.depths, at_ns, {}, &DepthSample::at_ns);
  return after == seen_.depths.begin() ? std::nullopt : std::optional(*std::prev(after));
}

History::Passages History::in_kernel(uint64_t at_ns) const {
  return select(passages_, [at_ns](const Passage& passage) {
    return is_connected(passage, at_ns) && at_ns < passage.record->stamps.accepted_ns;
  });
}

History::Passages History::in_queue(uint64_t at_ns) const {
  return select(passages_, [at_ns](const Passage& passage) { return is_in_queue(*passage.record, at_ns); });
}

History::Passages History::in_service(uint64_t at_ns) const {
  return select(passages_, [at_ns](const Passage& passage) { return is_in_service(*passage.record, at_ns); });
}

double History::drain_rate(uint64_t at_ns) const {
  constexpr uint64_t kHalfNs = kNanosPerSecond / 2;
  const uint64_t begin_ns = std::max(seen_.begin_ns, at_ns - std::min(at_ns, kHalfNs));
  const uint64_t end_ns = std::min(seen_.end_ns, at_ns + kHalfNs);
  const auto count = std::ranges::count_if(seen_.records, [&](const net::Record& record) {
    return begin_ns <= record.stamps.accepted_ns && record.stamps.accepted_ns < end_ns;
  });
  return end_ns <= begin_ns ? 0 : static_cast<double>(count) * 1e9 / static_cast<double>(end_ns - begin_ns);
}

std::string History::clock(uint64_t at_ns) const {
  char text[64];
  const auto since_ns = static_cast<int64_t>(at_ns - seen_.begin_ns);
  std::snprintf(text, sizeof text, "%+.6f s", static_cast<double>(since_ns) / 1e9);
  return text;
}

}  // namespace ms::drain
