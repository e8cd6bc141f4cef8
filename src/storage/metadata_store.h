// MetadataStore: what senders said of each metric: type, help, unit. The last word counts.
//
// Thread-safe. Bounded: beyond kMetricsMax metrics, what is said of further ones is not kept.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/mutex.h"
#include "model/write_batch.h"

namespace ms::storage {

class MetadataStore {
 public:
  static constexpr size_t kMetricsMax = 100'000;

  // Whether `metadata` says something that is not known yet and will be kept.
  bool is_news(const model::Metadata& metadata) const {
    const MutexLock lock(mutex_);
    const auto known = by_metric_.find(metadata.metric);
    return known == by_metric_.end() ? by_metric_.size() < kMetricsMax : known->second != metadata;
  }

  void put(const model::Metadata& metadata) {
    const MutexLock lock(mutex_);
    if (by_metric_.size() < kMetricsMax || by_metric_.contains(metadata.metric)) by_metric_[metadata.metric] = metadata;
  }

  // All of it, by metric.
  std::vector<model::Metadata> list() const {
    std::vector<model::Metadata> all;
    {
      const MutexLock lock(mutex_);
      for (const auto& [metric, metadata] : by_metric_) all.push_back(metadata);
    }
    std::ranges::sort(all, {}, &model::Metadata::metric);
    return all;
  }

 private:
  mutable Mutex mutex_;
  std::unordered_map<std::string, model::Metadata> by_metric_ MS_GUARDED_BY(mutex_);
};

}  // namespace ms::storage
