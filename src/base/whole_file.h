// whole_file: a file that appears under its name when all of it is there, or not at all.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/file_system.h"

namespace ms {

// Whether it could be written now: for whoever works long on what goes into it. What is in its place stays as it is,
// and is refused where it is no ordinary file.
Result<void> check_whole_file(FileSystem& file_system, const std::string& path);

// Writes it beside its place, and then puts it there.
Result<void> write_whole_file(FileSystem& file_system, const std::string& path, std::string_view content);

}  // namespace ms
