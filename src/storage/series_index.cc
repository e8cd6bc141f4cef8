#include "storage/series_index.h"

#include <xxhash.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "model/labels.h"

namespace ms::storage {
namespace {

constexpr size_t kCreatedPerLock = 64;

}  // namespace

size_t SeriesIndex::StringHash::operator()(std::string_view text) const {
  return XXH3_64bits(text.data(), text.size());
}

void SeriesIndex::find_or_create(std::span<const std::string> label_bytes, std::span<SeriesRef> refs) {
  std::vector<size_t> missing;
  {
    const ReadLock lock(mutex_);
    for (size_t i = 0; i < refs.size(); ++i) {
      refs[i] = find(label_bytes[i]);
      if (refs[i] == kNoSeries) missing.push_back(i);
    }
    // For good, since no series is ever taken out: what is sent beyond the limit costs no writer's lock.
    if (is_full()) return;
  }
  for (size_t begin = 0; begin < missing.size(); begin += kCreatedPerLock) {
    const WriteLock lock(mutex_);
    const size_t count = std::min(kCreatedPerLock, missing.size() - begin);
    for (const size_t i : std::span(missing).subspan(begin, count)) {
      refs[i] = find(label_bytes[i]);
      if (refs[i] != kNoSeries || is_full()) continue;
      refs[i] = static_cast<SeriesRef>(labels_.size());
      add(refs[i], label_bytes[i]);
    }
  }
}

SeriesRef SeriesIndex::find(std::string_view label_bytes) const {
  const auto known = by_labels_.find(label_bytes);
  return known == by_labels_.end() ? kNoSeries : known->second;
}

SeriesRef SeriesIndex::restore(SeriesRef ref, std::string_view label_bytes) {
  const WriteLock lock(mutex_);
  const auto known = by_labels_.find(label_bytes);
  if (known != by_labels_.end()) return known->second;
  if (ref < labels_.size() && !labels_[ref].empty()) ref = static_cast<SeriesRef>(labels_.size());
  add(ref, label_bytes);
  return ref;
}

void SeriesIndex::reserve(SeriesRef ref) {
  const WriteLock lock(mutex_);
  if (ref >= labels_.size()) labels_.resize(size_t{ref} + 1);
}

void SeriesIndex::add(SeriesRef ref, std::string_view label_bytes) {
  if (ref >= labels_.size()) labels_.resize(size_t{ref} + 1);
  labels_[ref] = label_bytes;
  by_labels_.emplace(labels_[ref], ref);
  model::LabelReader reader(label_bytes);
  while (const auto label = reader.next()) {
    auto name = by_name_.find(label->name);
    if (name == by_name_.end()) name = by_name_.emplace(label->name, Values()).first;
    auto value = name->second.find(label->value);
    if (value == name->second.end()) value = name->second.emplace(label->value, Postings()).first;
    Postings& refs = value->second;
    // A replay may restore out of order where the log has seen damage.
    refs.insert(refs.empty() || refs.back() < ref ? refs.end() : std::ranges::lower_bound(refs, ref), ref);
  }
}

bool SeriesIndex::contains(SeriesRef ref) const {
  const ReadLock lock(mutex_);
  return ref < labels_.size() && !labels_[ref].empty();
}

std::string_view SeriesIndex::label_bytes(SeriesRef ref) const {
  const ReadLock lock(mutex_);
  return label_bytes_of(ref);
}

void SeriesIndex::label_bytes(std::span<const SeriesRef> refs, std::vector<std::string_view>& out) const {
  const ReadLock lock(mutex_);
  for (const SeriesRef ref : refs) out.push_back(label_bytes_of(ref));
}

std::string_view SeriesIndex::label_bytes_of(SeriesRef ref) const {
  return ref < labels_.size() ? std::string_view(labels_[ref]) : std::string_view();
}

uint64_t SeriesIndex::size() const {
  const ReadLock lock(mutex_);
  return by_labels_.size();
}

const SeriesIndex::Values* SeriesIndex::find_values(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &found->second;
}

SeriesIndex::Postings SeriesIndex::postings(const model::Matcher& matcher) const {
  const Values* values = find_values(matcher.name());
  if (values == nullptr) return {};
  if (matcher.op() == model::MatchOp::kEqual) {
    const auto found = values->find(matcher.value());
    return found == values->end() ? Postings() : found->second;
  }
  Postings all;
  for (const auto& [value, refs] : *values) {
    if (matcher.matches(value)) all.insert(all.end(), refs.begin(), refs.end());
  }
  std::ranges::sort(all);
  return all;
}

std::vector<SeriesRef> SeriesIndex::select(std::span<const model::Matcher> matchers) const {
  const ReadLock lock(mutex_);
  // Matchers that the absent label fails are intersected by postings; the others then look at each series that is left.
  std::optional<Postings> candidates;
  for (const model::Matcher& matcher : matchers) {
    if (matcher.matches_empty()) continue;
    Postings refs = postings(matcher);
    if (candidates) {
      Postings both;
      std::ranges::set_intersection(*candidates, refs, std::back_inserter(both));
      refs = std::move(both);
    }
    candidates = std::move(refs);
    if (candidates->empty()) return {};
  }
  if (!candidates) {
    candidates.emplace();
    for (SeriesRef ref = 1; ref < labels_.size(); ++ref) {
      if (!labels_[ref].empty()) candidates->push_back(ref);
    }
  }
  std::vector<SeriesRef> selected;
  for (const SeriesRef ref : *candidates) {
    const std::string_view labels = labels_[ref];
    const bool is_match = std::ranges::all_of(matchers, [labels](const model::Matcher& matcher) {
      return !matcher.matches_empty() || matcher.matches(model::find_label(labels, matcher.name()));
    });
    if (is_match) selected.push_back(ref);
  }
  return selected;
}

}  // namespace ms::storage
