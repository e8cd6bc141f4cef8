#include "drain/drawn.h"

#include <algorithm>
#include <unordered_set>

namespace ms::drain {
namespace {

bool had_worker(const Passage& passage) { return passage.record->stamps.taken_ns != 0; }

// Keeps `room` of `all`, evenly spaced.
class EvenShare {
 public:
  EvenShare(size_t room, size_t all) : room_(std::min(room, all)), all_(all) {}

  // Asked for one after the other.
  bool keeps_next() {
    const size_t before = seen_ * room_ / all_;
    return ++seen_ * room_ / all_ > before;
  }

 private:
  const size_t room_;
  const size_t all_;
  size_t seen_ = 0;
};

std::vector<const load::Attempt*> find_strangers(const Observations& seen, const std::vector<Passage>& passages) {
  std::unordered_set<const load::Attempt*> accepted;
  for (const Passage& passage : passages) accepted.insert(passage.attempt);
  std::vector<const load::Attempt*> strangers;
  for (const load::Attempt& attempt : seen.attempts) {
    if (attempt.connected_ns != 0 && !accepted.contains(&attempt)) strangers.push_back(&attempt);
  }
  return strangers;
}

}  // namespace

Drawn choose_drawn(const Observations& seen, size_t max) {
  const std::vector<Passage> passages = trace_passages(seen);
  const std::vector<const load::Attempt*> strangers = find_strangers(seen, passages);
  const auto served = static_cast<size_t>(std::ranges::count_if(passages, had_worker));
  Drawn drawn{.all = passages.size() + strangers.size()};
  EvenShare share(max - std::min(served, max), drawn.all - served);
  size_t room = max;
  for (const Passage& passage : passages) {
    if (!had_worker(passage)) {
      if (share.keeps_next()) drawn.passages.push_back(passage);
    } else if (room > 0) {
      --room;
      drawn.passages.push_back(passage);
    } else if (drawn.until_ns == 0) {
      drawn.until_ns = passage.record->stamps.accepted_ns;
    }
  }
  for (const load::Attempt* stranger : strangers) {
    if (share.keeps_next()) drawn.strangers.push_back(stranger);
  }
  return drawn;
}

}  // namespace ms::drain
