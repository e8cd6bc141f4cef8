// Figures as people read them: short, with a unit. What is empty reads "-".
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace ms::watch {

// "6.1 us", "0.3 ms", "130 ms", "1.2 s", "75 s", "12 min", "5 h", "3 d"
std::string duration_text(std::optional<double> ms);
inline std::string duration_text_of_us(std::optional<double> us) {
  return duration_text(us ? std::optional(*us / 1000) : us);
}

// "0", "4,096", "1,234,567"
std::string count_text(uint64_t count);

// At most 5 columns: "9,999", "10k", "1.2M"
std::string short_count_text(uint64_t count);

// Per second, or a mean: "0", "0.4", "98.7", "10,021"
std::string rate_text(std::optional<double> rate);

}  // namespace ms::watch
