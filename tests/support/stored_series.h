// What a data directory holds, read through the store itself while no server has it.
#pragma once

#include <expected>
#include <string>

#include "support/series_map.h"

namespace ms::test {

// Every sample of every series. An error also where the store hands out a series twice, or timestamps that do not
// ascend.
std::expected<SeriesMap, std::string> read_store(const std::string& directory);

}  // namespace ms::test
