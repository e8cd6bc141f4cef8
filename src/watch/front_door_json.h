// Reads what GET /api/v1/front-door answers.
#pragma once

#include <string_view>

#include "base/error.h"
#include "watch/front_door_view.h"

namespace ms::watch {

// Any bytes give a view or an error that names the field: "accept_loop.accepted: a whole number is expected, found a
// string". Fields that this build does not know are passed over: a newer server may say more. Thread-safe.
Result<FrontDoorView> parse_front_door(std::string_view json);

}  // namespace ms::watch
