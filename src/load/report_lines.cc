#include "load/report_lines.h"

#include "base/figures.h"

namespace ms::load {
namespace {

constexpr const char* kNothing = "-";

}  // namespace

std::string report_line(const std::string& name, const std::string& text) {
  constexpr size_t kNameColumns = 16;
  return name + std::string(name.size() < kNameColumns ? kNameColumns - name.size() : 1, ' ') + text + "\n";
}

std::string describe_quantiles(const Latencies& latencies) {
  if (latencies.count() == 0) return kNothing;
  const Summary summary = latencies.summary();
  const auto part = [](const char* name, uint64_t duration_ns) {
    return std::string(name) + " " + duration(static_cast<double>(duration_ns));
  };
  return part("p50", summary.p50_ns) + ", " + part("p90", summary.p90_ns) + ", " + part("p99", summary.p99_ns) + ", " +
         part("p99.9", summary.p999_ns) + ", " + part("max", summary.max_ns);
}

double seconds(uint64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e9; }

std::optional<double> ratio(double sum, uint64_t count) {
  if (count == 0) return std::nullopt;
  return sum / static_cast<double>(count);
}

std::string describe_figure(std::optional<double> number) { return number ? figure(*number) : kNothing; }

std::string describe_duration(std::optional<double> duration_ns) {
  return duration_ns ? duration(*duration_ns) : kNothing;
}

void write_real(JsonBuilder& json, const char* key, std::optional<double> value) {
  json.key(key);
  value ? json.real(*value) : json.null();
}

}  // namespace ms::load
