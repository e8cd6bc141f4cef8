#include "api/ingest.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/json_string.h"
#include "http/ascii.h"
#include "http/http_service.h"
#include "wire/json_metrics.h"
#include "wire/remote_write.h"

namespace ms::api {
namespace {

http::Response error_for(const Error& error) {
  switch (error.code) {
    case ErrorCode::kInvalid:
    case ErrorCode::kUnsupported:
      return http::error_response(400, error.message);
    case ErrorCode::kTooLarge:
      return http::error_response(413, error.message);
    case ErrorCode::kUnavailable:
    case ErrorCode::kIo:
    case ErrorCode::kLocked:
    case ErrorCode::kNoSpace:
      return http::retry_later(error.message);
  }
  return http::error_response(500, error.message);
}

// Why a JSON body is not taken; empty where it is. curl's -d says it sends a form; what is in it decides.
std::string check_json_headers(const http::Request& request) {
  static constexpr std::array<std::string_view, 4> kTypes = {"", "application/json", "text/plain",
                                                             "application/x-www-form-urlencoded"};
  const std::string_view type = http::media_type(request.find_header("Content-Type"));
  if (std::ranges::none_of(kTypes, [&](std::string_view known) { return equals_ignoring_case(type, known); })) {
    return "Content-Type " + std::string(type) + " is not taken here; send application/json";
  }
  const std::string_view coding = request.find_header("Content-Encoding");
  if (coding.empty() || equals_ignoring_case(coding, "identity")) return {};
  return "Content-Encoding " + std::string(coding) + " is not taken here; send the JSON as it is";
}

std::string check_remote_write_headers(const http::Request& request) {
  const std::string_view content_type = request.find_header("Content-Type");
  const bool is_version_2 = content_type.find("io.prometheus.write.v2") != std::string_view::npos;
  if (is_version_2) return "remote write 2.0 is not taken here; send version 1.0 (prometheus.WriteRequest)";
  const std::string_view type = http::media_type(content_type);
  if (!type.empty() && !equals_ignoring_case(type, "application/x-protobuf")) {
    return "Content-Type " + std::string(type) + " is not taken here; remote write sends application/x-protobuf";
  }
  const std::string_view coding = request.find_header("Content-Encoding");
  if (coding.empty() || equals_ignoring_case(coding, "snappy")) return {};
  return "Content-Encoding " + std::string(coding) + " is not taken here; remote write sends snappy";
}

http::Response json_answer(const storage::WriteOutcome& outcome) {
  http::Response response;
  response.body = "{\"accepted\":" + std::to_string(outcome.samples_accepted);
  if (outcome.rejections.count > 0) {
    response.status = 400;
    response.body += ",\"rejected\":" + std::to_string(outcome.rejections.count) + ",\"errors\":[";
    for (const model::Rejection& rejection : outcome.rejections.told) {
      if (&rejection != outcome.rejections.told.data()) response.body += ',';
      response.body += "{\"index\":" + std::to_string(rejection.index) + ",\"error\":";
      append_json_string(response.body, rejection.reason);
      response.body += '}';
    }
    response.body += ']';
  }
  response.body += '}';
  return response;
}

http::Response remote_write_answer(const storage::WriteOutcome& outcome) {
  if (outcome.rejections.count == 0) return {.status = 204};
  std::string message = std::to_string(outcome.rejections.count) + " series rejected, all other samples are stored (" +
                        std::to_string(outcome.samples_accepted) + ")";
  for (const model::Rejection& rejection : outcome.rejections.told) {
    message += "; series " + std::to_string(rejection.index) + ": " + rejection.reason;
  }
  if (outcome.rejections.count > outcome.rejections.told.size()) message += "; ...";
  return http::error_response(400, message);
}

using Answer = http::Response (*)(const storage::WriteOutcome&);

void write_batch(storage::Store& store, Result<model::WriteBatch> batch, Answer answer, http::Responder responder) {
  if (!batch) return std::move(responder).send(error_for(batch.error()));
  store.write(std::move(*batch), [answer, responder = std::move(responder)](storage::WriteOutcome outcome) mutable {
    if (outcome.error) return std::move(responder).send(error_for(*outcome.error));
    std::move(responder).send(answer(outcome), outcome.done_ns);
  });
}

}  // namespace

void IngestApi::add_routes(http::Router& router) {
  router.add({"/metrics", {"POST"}, [this](http::Request& request, http::Responder responder) {
                write_json(request, std::move(responder));
              }});
  router.add({"/api/v1/write", {"POST"}, [this](http::Request& request, http::Responder responder) {
                write_remote(request, std::move(responder));
              }});
}

void IngestApi::write_json(const http::Request& request, http::Responder responder) {
  const std::string refusal = check_json_headers(request);
  if (!refusal.empty()) return std::move(responder).send(http::error_response(415, refusal));
  write_batch(store_, wire::parse_json_metrics(request.body, parse_context()), json_answer, std::move(responder));
}

void IngestApi::write_remote(const http::Request& request, http::Responder responder) {
  const std::string refusal = check_remote_write_headers(request);
  if (!refusal.empty()) return std::move(responder).send(http::error_response(415, refusal));
  write_batch(store_, wire::parse_remote_write(request.body, parse_context()), remote_write_answer,
              std::move(responder));
}

model::ParseContext IngestApi::parse_context() const {
  const int64_t now_ms = wall_ms();
  return {.arrival_ms = now_ms,
          .timestamp_ms_max = now_ms + future_ms_max_,
          .decoded_bytes_max = limits_.decoded_body_bytes_max};
}

}  // namespace ms::api
