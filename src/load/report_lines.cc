#include "load/report_lines.h"

#include "base/figures.h"

namespace ms::load {

std::string report_line(const std::string& name, const std::string& text) {
  constexpr size_t kNameColumns = 16;
  return name + std::string(name.size() < kNameColumns ? kNameColumns - name.size() : 1, ' ') + text + "\n";
}

std::string describe_quantiles(const Summary& summary) {
  const auto part = [](const char* name, uint64_t duration_ns) {
    return std::string(name) + " " + duration(static_cast<double>(duration_ns));
  };
  return part("p50", summary.p50_ns) + ", " + part("p90", summary.p90_ns) + ", " + part("p99", summary.p99_ns) + ", " +
         part("p99.9", summary.p999_ns) + ", " + part("max", summary.max_ns);
}

}  // namespace ms::load
