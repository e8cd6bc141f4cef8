#include "api/query.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/parameters.h"
#include "api/query_response.h"
#include "base/clock.h"
#include "promql/parser.h"

namespace ms::api {
namespace {

constexpr int64_t kTimeoutMsDefault = 2 * 60 * 1000;  // and the longest

http::Response bad_data(std::string_view message) { return http::error_response(400, "bad_data", message); }

// `invalid parameter "step": <reason>`
Error name_parameter(Error error, std::string_view name) {
  return std::move(error).with_context("invalid parameter \"" + std::string(name) + '"');
}

http::Response fault_response(const Error& error) {
  switch (error.code) {
    case ErrorCode::kInvalid:
      return bad_data(error.message);
    case ErrorCode::kUnsupported:
    case ErrorCode::kTooLarge:
      return http::error_response(422, "execution", error.message);
    case ErrorCode::kUnavailable:
      return http::error_response(503, "timeout", error.message);
    case ErrorCode::kIo:
    case ErrorCode::kLocked:
    case ErrorCode::kNoSpace:
      return http::error_response(500, "internal", error.message);
  }
  std::unreachable();
}

// A parameter's value, read by `parse`; the fault names it.
Result<int64_t> read(const http::Form& form, std::string_view name, Result<int64_t> (*parse)(std::string_view)) {
  auto value = parse(find_parameter(form, name));
  if (!value) return std::unexpected(name_parameter(std::move(value.error()), name));
  return value;
}

Result<promql::Limits> read_limits(const http::Form& form, uint64_t arrived_ns) {
  int64_t timeout_ms = kTimeoutMsDefault;
  if (!find_parameter(form, "timeout").empty()) {
    const auto given_ms = read(form, "timeout", parse_duration_parameter);
    if (!given_ms) return std::unexpected(given_ms.error());
    timeout_ms = std::clamp<int64_t>(*given_ms, 0, kTimeoutMsDefault);
  }
  promql::Limits limits;
  limits.deadline_ns = arrived_ns + static_cast<uint64_t>(timeout_ms) * kNanosPerMilli;
  return limits;
}

Result<promql::Steps> read_steps(const http::Form& form) {
  const auto start_ms = read(form, "start", parse_timestamp);
  if (!start_ms) return std::unexpected(start_ms.error());
  const auto end_ms = read(form, "end", parse_timestamp);
  if (!end_ms) return std::unexpected(end_ms.error());
  if (*end_ms < *start_ms) {
    return std::unexpected(name_parameter({ErrorCode::kInvalid, "end timestamp must not be before start time"}, "end"));
  }
  const auto step_ms = read(form, "step", parse_duration_parameter);
  if (!step_ms) return std::unexpected(step_ms.error());
  if (*step_ms <= 0) {
    return std::unexpected(name_parameter(
        {ErrorCode::kInvalid, "zero or negative query resolution step widths are not accepted. Try a positive integer"},
        "step"));
  }
  const promql::Steps steps{*start_ms, *end_ms, *step_ms};
  // Both ends of 11,000 steps are points: Prometheus lets the one more pass, too.
  if (steps.count() > promql::kRangePointsMax + 1) {
    return fail(
        ErrorCode::kInvalid,
        "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)");
  }
  return steps;
}

}  // namespace

void QueryApi::add_routes(http::Router& router) {
  router.add({"/api/v1/query", {"GET", "POST"}, [this](http::Request& request, http::Responder responder) {
                submit(&QueryApi::answer_query, std::move(request), std::move(responder));
              }});
  router.add({"/api/v1/query_range", {"GET", "POST"}, [this](http::Request& request, http::Responder responder) {
                submit(&QueryApi::answer_query_range, std::move(request), std::move(responder));
              }});
}

// The whole of a request is handled on the pool: a form may be large, and a regular expression slow to compile.
void QueryApi::submit(Answer answer, http::Request request, http::Responder responder) {
  auto work = [this, answer, request = std::move(request), arrived_ns = monotonic_ns()](http::Responder& asked_by) {
    const auto form = read_parameters(request);
    std::move(asked_by).send(form ? (this->*answer)({*form, arrived_ns}) : form.error());
  };
  pool_.submit(std::move(work), std::move(responder));
}

http::Response QueryApi::answer_query(const Call& call) const {
  int64_t time_ms = now_ms_();
  if (const auto time = find_parameter(call.form, "time"); !time.empty()) {
    auto given_ms = parse_timestamp(time);
    if (!given_ms) {
      Error error = std::move(given_ms.error()).with_context("Invalid time value for 'time'");
      return fault_response(name_parameter(std::move(error), "time"));
    }
    time_ms = *given_ms;
  }
  const auto limits = read_limits(call.form, call.arrived_ns);
  if (!limits) return fault_response(limits.error());
  auto expr = promql::parse_query(find_parameter(call.form, "query"));
  if (!expr && expr.error().code == ErrorCode::kInvalid) {
    return fault_response(name_parameter(std::move(expr.error()), "query"));
  }
  if (!expr) return fault_response(expr.error());
  return respond(engine_.evaluate(*expr, time_ms, *limits));
}

http::Response QueryApi::answer_query_range(const Call& call) const {
  const auto steps = read_steps(call.form);
  if (!steps) return fault_response(steps.error());
  const auto limits = read_limits(call.form, call.arrived_ns);
  if (!limits) return fault_response(limits.error());
  // Here Prometheus 2.42 does not name the parameter.
  const auto expr = promql::parse_query(find_parameter(call.form, "query"));
  if (!expr) return fault_response(expr.error());
  return respond(engine_.evaluate_steps(*expr, *steps, *limits));
}

http::Response QueryApi::respond(const Result<promql::Value>& value) const {
  if (!value) return fault_response(value.error());
  std::vector<std::string> warnings;
  if (const uint64_t damaged = store_.health().damaged_places; damaged > 0) {
    warnings.push_back("the write-ahead log was found damaged in " + std::to_string(damaged) +
                       " places at start: samples may be missing");
  }
  return success_response(*value, warnings);
}

}  // namespace ms::api
