// The server's own metrics as a test reads them.
#pragma once

#include <map>
#include <string>

namespace ms::test {

// Each sample line of a page in the Prometheus format: `name{labels}` -> value.
std::map<std::string, double> read_samples(const std::string& page);

}  // namespace ms::test
