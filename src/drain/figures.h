// How the experiment writes numbers for people.
#pragma once

#include <cstdint>
#include <string>

namespace ms::drain {

// 1234567 -> "1,234,567"; 12.34 -> "12.3"; 0.456 -> "0.46": grouped whole numbers from 100 on, else so many decimals
// that two digits remain.
std::string figure(double number);

// A duration with three digits: "850 ns", "85.3 us", "5.07 ms", "1.02 s"; "0".
std::string duration(double duration_ns);

}  // namespace ms::drain
