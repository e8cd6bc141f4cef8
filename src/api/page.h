// The page: what web/ is built to, served from the binary.
//
//     /          the page itself
//     /app.js    its script
//     /app.css   its style
//     /icon.svg
//
// Each is asked for by exactly that path; there is no folder behind it. A browser asks again each time and is told 304
// while nothing has changed, so that a page that is reloaded after an upgrade is the new one.
#pragma once

#include <span>

#include "http/handler.h"
#include "web/assets.h"

namespace ms::api {

// Those of the files above that are in `assets`, which outlive the router.
void add_page_routes(http::Router& router, std::span<const web::Asset> assets);

}  // namespace ms::api
