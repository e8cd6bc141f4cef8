// Where a server's front door is read.
#pragma once

#include <string>

#include "base/error.h"

namespace ms::watch {

// The URL of /api/v1/front-door below what `text` names: "http://127.0.0.1:8080", "127.0.0.1:8080", ":8080",
// "https://metrics.example.org/behind/a/proxy". An error says why it names none.
Result<std::string> front_door_url(const std::string& text);

}  // namespace ms::watch
