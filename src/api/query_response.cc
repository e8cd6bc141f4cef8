#include "api/query_response.h"

#include <cstddef>
#include <string_view>
#include <variant>

#include "base/json_string.h"
#include "wire/json_writer.h"

namespace ms::api {
namespace {

using promql::Matrix;
using promql::Scalar;
using promql::Vector;
using storage::SeriesSamples;

void append_result(std::string& out, const Scalar& scalar) {
  out += "\"scalar\",\"result\":";
  wire::append_json_scalar(out, scalar.timestamp_ms, scalar.value);
}

void append_result(std::string& out, const Vector& vector) {
  out += "\"vector\",\"result\":[";
  std::string_view separator;
  for (const promql::VectorSample& sample : vector) {
    out += separator;
    separator = ",";
    out += "{\"metric\":";
    wire::append_json_labels(out, sample.label_bytes);
    out += ",\"value\":";
    wire::append_json_sample(out, sample.timestamp_ms, sample.value);
    out += '}';
  }
  out += ']';
}

void append_series(std::string& out, const SeriesSamples& series) {
  out += "{\"metric\":";
  wire::append_json_labels(out, series.label_bytes);
  out += ",\"values\":[";
  for (size_t i = 0; i < series.values.size(); ++i) {
    if (i > 0) out += ',';
    wire::append_json_sample(out, series.timestamps_ms[i], series.values[i]);
  }
  out += "]}";
}

void append_result(std::string& out, const Matrix& matrix) {
  out += "\"matrix\",\"result\":[";
  std::string_view separator;
  for (const SeriesSamples& series : matrix) {
    out += separator;
    separator = ",";
    append_series(out, series);
  }
  out += ']';
}

void append_warnings(std::string& out, const std::vector<std::string>& warnings) {
  std::string_view separator = ",\"warnings\":[";
  for (const std::string& warning : warnings) {
    out += separator;
    separator = ",";
    append_json_string(out, warning);
  }
  if (!warnings.empty()) out += ']';
}

}  // namespace

http::Response success_response(const promql::Value& value, const std::vector<std::string>& warnings) {
  http::Response response;
  response.body = "{\"status\":\"success\",\"data\":{\"resultType\":";
  std::visit([&response](const auto& result) { append_result(response.body, result); }, value);
  response.body += '}';
  append_warnings(response.body, warnings);
  response.body += '}';
  return response;
}

}  // namespace ms::api
