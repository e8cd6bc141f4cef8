// The file that `metricstream drain --html` writes, as web/build.mjs makes it of web/src/experiment/: the experiment's
// data, as JSON in a script element, goes between the two.
#pragma once

#include <string_view>

namespace ms::web {

struct ExperimentPage {
  std::string_view before;
  std::string_view after;
};

ExperimentPage experiment_page();

}  // namespace ms::web
