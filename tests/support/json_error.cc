#include "support/json_error.h"

#include <simdjson.h>

namespace ms::test {

testing::AssertionResult is_json_error(const HttpReply& reply) {
  if (!reply.header("Content-Type").starts_with("application/json")) {
    return testing::AssertionFailure() << "Content-Type: " << reply.header("Content-Type");
  }
  simdjson::dom::parser parser;
  simdjson::dom::element error;
  if (parser.parse(reply.body).get(error) != simdjson::SUCCESS) {
    return testing::AssertionFailure() << "not JSON: " << reply.body;
  }
  std::string_view status;
  std::string_view type;
  std::string_view message;
  const bool whole = error["status"].get(status) == simdjson::SUCCESS &&
                     error["errorType"].get(type) == simdjson::SUCCESS &&
                     error["error"].get(message) == simdjson::SUCCESS;
  if (whole && status == "error" && !type.empty() && !message.empty()) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "not the shape of an error: " << reply.body;
}

}  // namespace ms::test
