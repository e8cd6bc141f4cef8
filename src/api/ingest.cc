#include "api/ingest.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/json_string.h"
#include "http/ascii.h"
#include "http/content_coding.h"
#include "http/http_service.h"
#include "wire/json_metrics.h"
#include "wire/remote_write.h"

namespace ms::api {
namespace {

// How much is decoded at a time, and how much of a body is kept before its length is known.
constexpr size_t kStepBytes = 64 * 1024;
constexpr size_t kUnmeasuredBytesMax = 4 << 20;

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
std::string check_json_type(std::string_view content_type) {
  static constexpr std::array<std::string_view, 4> kTypes = {"application/json", "text/plain",
                                                             "application/x-www-form-urlencoded", ""};
  const std::string_view type = http::media_type(content_type);
  if (std::ranges::any_of(kTypes, [&](std::string_view known) { return equals_ignoring_case(type, known); })) return {};
  return "Content-Type " + std::string(type) + " is not taken here; send application/json";
}

std::string check_remote_write_type(std::string_view content_type) {
  const bool is_version_2 = content_type.find("io.prometheus.write.v2") != std::string_view::npos;
  if (is_version_2) return "remote write 2.0 is not taken here; send version 1.0 (prometheus.WriteRequest)";
  const std::string_view type = http::media_type(content_type);
  if (type.empty() || equals_ignoring_case(type, "application/x-protobuf")) return {};
  return "Content-Type " + std::string(type) + " is not taken here; remote write sends application/x-protobuf";
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

// A JSON body is not decoded: its parser reads it where it lies.
Result<size_t> find_nothing_to_decode(std::string_view, const model::ParseContext&) { return 0; }

Result<model::WriteBatch> parse_json(std::string& body, const model::ParseContext& context) {
  return wire::parse_json_metrics(std::move(body), context);
}

Result<model::WriteBatch> parse_snappy(std::string& body, const model::ParseContext& context) {
  return wire::parse_remote_write(body, context);
}

Result<model::WriteBatch> parse_message(std::string& body, const model::ParseContext& context) {
  return wire::parse_write_request(std::move(body), context);
}

// All lines of Content-Encoding as one list (RFC 9110 section 5.3).
std::string join_content_encoding(const http::Request& request) {
  std::string codings;
  for (const http::Header& header : request.headers) {
    if (!equals_ignoring_case(header.name, "Content-Encoding")) continue;
    if (!codings.empty()) codings += ", ";
    codings += header.value;
  }
  return codings;
}

http::Response refuse_coding(std::string_view coding, std::string_view own_coding) {
  const std::string taken = std::string(own_coding) + ", " + std::string(http::kContentCodings);
  http::Response refusal =
      http::error_response(415, "Content-Encoding " + std::string(coding) + " is not taken here; send one of " + taken);
  refusal.headers.push_back({"Accept-Encoding", taken});  // RFC 9110 section 12.5.3
  return refusal;
}

http::Response refuse_decoded_length(const model::ParseContext& context) {
  return http::error_response(
      413, "body has more than the " + std::to_string(context.decoded_bytes_max) + " bytes decoded that are accepted");
}

}  // namespace

struct IngestApi::Protocol {
  // How a body is read that comes in a coding of the protocol's own, and one that a content coding has been taken from.
  struct Form {
    Result<size_t> (*find_decoded_bytes)(std::string_view body, const model::ParseContext& context);
    // The body is the parser's to take apart.
    Result<model::WriteBatch> (*parse)(std::string& body, const model::ParseContext& context);
    // What the parser holds for each byte of the body, beside it and what it decodes to.
    size_t parser_bytes_per_byte = 0;
  };

  std::string_view own_coding;  // where Content-Encoding says nothing, too
  std::string (*check_type)(std::string_view content_type);
  Form own;
  Form decoded;
  http::Response (*answer)(const storage::WriteOutcome& outcome);
};

constinit const IngestApi::Protocol IngestApi::kJson = {
    .own_coding = "identity",
    .check_type = check_json_type,
    .own = {find_nothing_to_decode, parse_json, wire::kJsonParserBytesPerByte},
    .decoded = {find_nothing_to_decode, parse_json, wire::kJsonParserBytesPerByte},
    .answer = json_answer};
constinit const IngestApi::Protocol IngestApi::kRemoteWrite = {.own_coding = "snappy",
                                                               .check_type = check_remote_write_type,
                                                               .own = {wire::find_decoded_bytes, parse_snappy},
                                                               .decoded = {find_nothing_to_decode, parse_message},
                                                               .answer = remote_write_answer};

// One write on its way from the wire to the store.
struct IngestApi::Write {
  // Decodes at most `bytes_max` more. A response where the body is refused.
  std::optional<http::Response> decode(size_t bytes_max) {
    if (const auto decoded = decoder->decode(bytes_max, body); !decoded) return error_for(decoded.error());
    if (body.size() <= context.decoded_bytes_max) return std::nullopt;
    return refuse_decoded_length(context);
  }

  // Decodes the rest without keeping it, and then begins again, with room for as much as there is. A response where the
  // body is refused: so a bomb is never held.
  std::optional<http::Response> measure() {
    size_t bytes = body.size();
    std::string step;
    while (!decoder->is_done()) {
      step.clear();
      if (const auto decoded = decoder->decode(kStepBytes, step); !decoded) return error_for(decoded.error());
      bytes += step.size();
      if (bytes > context.decoded_bytes_max) return refuse_decoded_length(context);
    }
    decoder->rewind();
    body.clear();
    body.reserve(bytes + kStepBytes);
    is_measured = true;
    return std::nullopt;
  }

  bool is_decoded() const { return !decoder || decoder->is_done(); }

  // Charges what decoding holds by now; false where there is no room for it.
  bool charge_decoding() {
    const uint64_t held_bytes = decoder->state_bytes() + body.size();
    return held_bytes <= charge.bytes() || charge.try_grow(held_bytes - charge.bytes());
  }

  // Gives back what the decoder holds, so that the parser may take as much. False where the rest finds no room.
  bool drop_decoder() {
    decoder.reset();
    charge.release();
    return charge.try_grow(body.size());
  }
  const Protocol::Form& form() const { return decoder ? protocol.decoded : protocol.own; }

  const Protocol& protocol;
  model::ParseContext context;
  ByteBudget::Charge charge;  // a heavy body's; a light one is gone before its worker takes another
  bool is_heavy = false;
  bool is_measured = false;  // how much it decodes to
  std::string body;          // what is decoded of it, where there is a decoder
  std::optional<http::ContentDecoder> decoder;
};

void IngestApi::add_routes(http::Router& router) {
  router.add({"/metrics", {"POST"}, [this](http::Request& request, http::Responder responder) {
                take(kJson, request, std::move(responder));
              }});
  router.add({"/api/v1/write", {"POST"}, [this](http::Request& request, http::Responder responder) {
                take(kRemoteWrite, request, std::move(responder));
              }});
}

void IngestApi::take(const Protocol& protocol, http::Request& request, http::Responder responder) {
  Write write{.protocol = protocol, .context = parse_context(), .charge = ByteBudget::Charge(bodies_)};
  if (auto refusal = begin(write, request)) return std::move(responder).send(std::move(*refusal));
  if (!write.is_heavy) return finish(write, responder);
  heavy_.submit([this, write = std::move(write)](http::Responder& asked_by) mutable { finish(write, asked_by); },
                std::move(responder), request.connection);
}

std::optional<http::Response> IngestApi::begin(Write& write, http::Request& request) {
  const Protocol& protocol = write.protocol;
  const std::string refusal = protocol.check_type(request.find_header("Content-Type"));
  if (!refusal.empty()) return http::error_response(415, refusal);
  write.is_heavy = request.body.size() > kLightBodyBytesMax;
  const std::string coding_name = join_content_encoding(request);
  if (coding_name.empty() || equals_ignoring_case(coding_name, protocol.own_coding)) {
    write.body = std::move(request.body);
    const auto decoded_bytes = protocol.own.find_decoded_bytes(write.body, write.context);
    if (!decoded_bytes) return error_for(decoded_bytes.error());
    write.is_heavy = write.is_heavy || *decoded_bytes > kLightDecodedBytesMax;
    return std::nullopt;
  }
  const auto coding = http::find_content_coding(coding_name);
  if (!coding) return refuse_coding(coding_name, protocol.own_coding);
  if (http::declared_bytes(*coding, request.body) > write.context.decoded_bytes_max) {
    return refuse_decoded_length(write.context);
  }
  write.decoder.emplace(*coding, std::move(request.body));
  if (!write.is_heavy) {
    // One byte more than is light: a body that has it is not, and one that has not is all decoded.
    if (auto failed = write.decode(kLightDecodedBytesMax + 1)) return failed;
    write.is_heavy = write.body.size() > kLightDecodedBytesMax;
  }
  if (write.is_heavy && !write.charge_decoding()) return http::no_room_for_body();
  return std::nullopt;
}

void IngestApi::finish(Write& write, http::Responder& responder) const {
  auto batch = read(write);
  if (!batch) {
    write.charge.release();
    return std::move(responder).send(std::move(batch.error()));
  }
  auto on_done = [answer = write.protocol.answer, charge = std::move(write.charge),
                  answers = std::move(responder)](storage::WriteOutcome outcome) mutable {
    charge.release();
    if (outcome.error) return std::move(answers).send(error_for(*outcome.error));
    std::move(answers).send(answer(outcome), outcome.done_ns);
  };
  store_.write(std::move(*batch), std::move(on_done));
}

std::expected<model::WriteBatch, http::Response> IngestApi::read(Write& write) {
  while (!write.is_decoded()) {
    if (!write.is_measured && write.body.size() > kUnmeasuredBytesMax) {
      if (auto failed = write.measure()) return std::unexpected(std::move(*failed));
    }
    if (auto failed = write.decode(kStepBytes)) return std::unexpected(std::move(*failed));
    if (!write.charge_decoding()) return std::unexpected(http::no_room_for_body());
  }
  const Protocol::Form& form = write.form();
  if (write.is_heavy) {
    if (write.decoder && !write.drop_decoder()) return std::unexpected(http::no_room_for_body());
    const auto decoded_bytes = form.find_decoded_bytes(write.body, write.context);
    if (!decoded_bytes) return std::unexpected(error_for(decoded_bytes.error()));
    const uint64_t parser_bytes = *decoded_bytes + form.parser_bytes_per_byte * write.body.size();
    if (!write.charge.try_grow(parser_bytes)) return std::unexpected(http::no_room_for_body());
  }
  auto batch = form.parse(write.body, write.context);
  if (!batch) return std::unexpected(error_for(batch.error()));
  return std::move(*batch);
}

model::ParseContext IngestApi::parse_context() const {
  const int64_t now_ms = wall_ms();
  return {.arrival_ms = now_ms,
          .timestamp_ms_max = now_ms + future_ms_max_.load(std::memory_order_relaxed),
          .decoded_bytes_max = limits_.decoded_body_bytes_max};
}

}  // namespace ms::api
