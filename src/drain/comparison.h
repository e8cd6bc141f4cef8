// comparison: the table of old beside new, and what has to be said with it.
#pragma once

#include <span>
#include <string>

#include "drain/measurement.h"
#include "drain/settings.h"
#include "terminal/canvas.h"

namespace ms::drain {

// "1,000 connections a second (Poisson) for 5 s; 5 ms each, sleeping; ..."
std::string describe(const Settings& settings);

// Measured beside predicted, a pair of columns for each architecture; at most 80 columns wide.
std::string draw_comparison(const Settings& settings, std::span<const Measurement> measurements,
                            terminal::Colour colour);

// What "unlimited*" comes to: the three bounds of our queue and their values now.
std::string write_footnote(const Settings& settings, const Measurement& measured);

}  // namespace ms::drain
