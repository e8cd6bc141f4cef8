#include "model/write_batch.h"

#include "base/clock.h"
#include "model/labels.h"

namespace ms::model {
namespace {

// 2001-09-09: a number below it that is meant as milliseconds is nobody's present.
constexpr int64_t kPlausibleMsMin = 1'000'000'000'000;

bool is_plausible(int64_t timestamp_ms, const ParseContext& context) {
  return timestamp_ms >= kPlausibleMsMin && timestamp_ms <= context.timestamp_ms_max;
}

}  // namespace

std::string describe_future_timestamp(int64_t timestamp_ms, const ParseContext& context) {
  std::string text = "timestamp " + std::to_string(timestamp_ms) + " is later than " +
                     format_utc(context.timestamp_ms_max) + ", the latest accepted";
  if (is_plausible(timestamp_ms / 1000, context)) {
    text += "; it looks like microseconds, milliseconds are expected";
  } else if (is_plausible(timestamp_ms / 1'000'000, context)) {
    text += "; it looks like nanoseconds, milliseconds are expected";
  } else {
    text += "; compare the sender's clock with the server's";
  }
  return text;
}

bool looks_like_seconds(int64_t timestamp_ms, const ParseContext& context) {
  return timestamp_ms >= kPlausibleMsMin / 1000 && timestamp_ms <= context.timestamp_ms_max / 1000;
}

void Metadata::clip() {
  for (std::string* text : {&metric, &help, &unit}) text->resize(clip_utf8(*text, kMetadataTextBytesMax).size());
}

}  // namespace ms::model
