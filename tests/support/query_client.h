// The Prometheus query API as a test reads it, of our server and of a real Prometheus alike: times and values stay the
// very text that was sent, so that their formats can be compared too.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "support/endpoint.h"
#include "support/series_map.h"

namespace ms::test {

struct QueriedSeries {
  std::string labels;  // label_text; empty for a scalar
  std::string values;  // as sent: [1732363200.5,"1"] of a vector or scalar, [[...],...] of a matrix

  auto operator<=>(const QueriedSeries&) const = default;
};

struct QueryAnswer {
  std::string type;                   // "vector", "matrix" or "scalar"
  std::vector<QueriedSeries> series;  // sorted

  bool operator==(const QueryAnswer&) const = default;
};

// The target of a query at `time` (Unix seconds, or any text that the API takes).
std::string instant_target(std::string_view query, std::string_view time);
std::string range_target(std::string_view query, std::string_view start, std::string_view end, std::string_view step);

// GETs the target. An error where there is no reply, or it is not 200, or not a query's answer.
std::expected<QueryAnswer, std::string> run_query(const Endpoint& endpoint, const std::string& target);

// The samples of a matrix.
std::expected<SeriesMap, std::string> read_matrix(const QueryAnswer& answer);

// For gtest's messages.
void PrintTo(const QueryAnswer& answer, std::ostream* out);

}  // namespace ms::test
