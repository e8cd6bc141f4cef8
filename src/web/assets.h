// The files of web/ as they are built: a table in the binary, which web/build.mjs writes, so that a server needs no
// file beside itself and no request ever reaches a file system.
#pragma once

#include <span>
#include <string_view>

namespace ms::web {

struct Asset {
  std::string_view name;  // "app.js"
  std::string_view content_type;
  std::string_view tag;    // of this content and no other: the begin of its SHA-256, in hexadecimal
  std::string_view bytes;  // all of static storage
  std::string_view gzip;   // the same, compressed
};

// In no order.
std::span<const Asset> assets();

// null: there is none of that name.
constexpr const Asset* find_asset(std::span<const Asset> all, std::string_view name) {
  for (const Asset& asset : all) {
    if (asset.name == name) return &asset;
  }
  return nullptr;
}

}  // namespace ms::web
