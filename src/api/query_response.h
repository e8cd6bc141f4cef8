// The answer to a query as the Prometheus API writes it, in one line:
//
//     {"status":"success","data":{"resultType":"vector","result":[
//         {"metric":{"__name__":"up"},"value":[1732363200.123,"1"]}]}}
//
// The type is scalar, vector or matrix. A query over damaged data has "warnings":["..."] beside it.
#pragma once

#include <string>
#include <vector>

#include "http/message.h"
#include "promql/value.h"

namespace ms::api {

http::Response success_response(const promql::Value& value, const std::vector<std::string>& warnings);

}  // namespace ms::api
