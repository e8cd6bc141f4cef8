// The raw labels of a metric in JSON: an array of its name and its tags, each as the client has written it.
//
//     ["cpu_usage",{"host":"a","zone":"b"}]
//
// So what a client sends again and again is one key of the series cache, and its strings are read once a series.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace ms::wire {

inline constexpr size_t kRawJsonLabelsOverhead = 5;  // bytes beside the name and the tags

// `name` is a JSON string with its quotes. `tags` is a JSON object; empty: none.
void append_raw_json_labels(std::string& out, std::string_view name, std::string_view tags);

// The model::LabelDecoder of this form. kInvalid, with what is wrong of which label, for tags that are no labels.
Result<std::string> decode_json_labels(std::string_view raw_labels);

}  // namespace ms::wire
