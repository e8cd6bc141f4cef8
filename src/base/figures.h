// How numbers are written for people.
#pragma once

#include <cstdint>
#include <string>

namespace ms {

// 1234567 -> "1,234,567"; 12.34 -> "12.3"; 0.456 -> "0.46"; 3 -> "3": whole, and grouped, from 100 on; below that whole
// numbers as they are, and others with one decimal from 10 on, and with two below.
std::string figure(double number);

// A duration with three digits: "850 ns", "85.3 us", "5.07 ms", "1.02 s"; "0".
std::string duration(double duration_ns);

}  // namespace ms
