#include "support/query_client.h"

#include <simdjson.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <ostream>

#include "support/http_client.h"

namespace ms::test {
namespace {

namespace json = simdjson::ondemand;

std::string read_labels(json::object metric) {
  LabelPairs labels;
  for (json::field field : metric) {
    const std::string_view name = field.unescaped_key();
    labels.emplace_back(name, std::string_view(field.value()));
  }
  return label_text(std::move(labels));
}

QueryAnswer read_answer(json::document& document) {
  QueryAnswer answer;
  json::object content = document["data"].get_object();
  answer.type = std::string_view(content["resultType"]);
  json::array result = content["result"].get_array();
  if (answer.type == "scalar") {
    answer.series.push_back({"", std::string(std::string_view(result.raw_json()))});
    return answer;
  }
  for (json::object one : result) {
    QueriedSeries series{.labels = read_labels(one["metric"].get_object()), .values = {}};
    json::array values = one[answer.type == "matrix" ? "values" : "value"].get_array();
    series.values = std::string_view(values.raw_json());
    answer.series.push_back(std::move(series));
  }
  std::ranges::sort(answer.series);
  return answer;
}

SampleMap read_points(const std::string& text) {
  SampleMap samples;
  json::parser parser;
  const simdjson::padded_string padded(text);
  json::document document = parser.iterate(padded);
  for (json::array point : document.get_array()) {
    auto part = point.begin();
    const double time = double(*part);
    ++part;
    const std::string value{std::string_view(*part)};
    samples[std::llround(time * 1000)] = bits_of(std::strtod(value.c_str(), nullptr));
    ++part;
  }
  return samples;
}

}  // namespace

std::string instant_target(std::string_view query, std::string_view time) {
  return "/api/v1/query?query=" + percent_encode(query) + "&time=" + percent_encode(time);
}

std::string range_target(std::string_view query, std::string_view start, std::string_view end, std::string_view step) {
  return "/api/v1/query_range?query=" + percent_encode(query) + "&start=" + percent_encode(start) +
         "&end=" + percent_encode(end) + "&step=" + percent_encode(step);
}

std::expected<QueryAnswer, std::string> run_query(const Endpoint& endpoint, const std::string& target) {
  const ClientResult<HttpReply> reply = get(endpoint, target);
  if (!reply) return std::unexpected(target + ": " + reply.error().message);
  if (reply->status != 200) {
    return std::unexpected(target + ": " + std::to_string(reply->status) + " " + reply->body);
  }
  try {
    json::parser parser;
    const simdjson::padded_string padded(reply->body);
    json::document document = parser.iterate(padded);
    return read_answer(document);
  } catch (const simdjson::simdjson_error& fault) {
    return std::unexpected(target + ": " + fault.what() + ": " + reply->body);
  }
}

std::expected<SeriesMap, std::string> read_matrix(const QueryAnswer& answer) {
  if (answer.type != "matrix") return std::unexpected("not a matrix: " + answer.type);
  SeriesMap series;
  try {
    for (const QueriedSeries& one : answer.series) {
      if (!series.emplace(one.labels, read_points(one.values)).second) {
        return std::unexpected("a series twice: " + one.labels);
      }
    }
  } catch (const simdjson::simdjson_error& fault) {
    return std::unexpected(std::string("no points: ") + fault.what());
  }
  return series;
}

void PrintTo(const QueryAnswer& answer, std::ostream* out) {
  *out << answer.type << " of " << answer.series.size();
  for (const QueriedSeries& one : answer.series) *out << "\n  " << one.labels << " " << one.values;
}

}  // namespace ms::test
