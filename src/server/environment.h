// Variables by which whoever started this process tells it something that is meant for it alone.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"

namespace ms::server {

// Its text, empty where there is none. It is removed, so that no child sees it. Call it before the first thread starts.
std::string take_variable(const char* name);

// kInvalid, with the variable's name, for what is no number.
Result<uint64_t> parse_number(const char* name, const std::string& text);

}  // namespace ms::server
