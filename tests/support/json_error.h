// The one shape in which the server says no: {"status":"error","errorType":"...","error":"..."}.
#pragma once

#include <gtest/gtest.h>

#include "support/http_reply.h"

namespace ms::test {

// Whether the reply's body is that, with words in each place, and says that it is JSON.
testing::AssertionResult is_json_error(const HttpReply& reply);

}  // namespace ms::test
