#pragma once

// Problem: sample replies exist as stub files in WireMock's form and must be served as they are.
// Idea: read a folder of them once; `url` must equal path and query, `urlPath` the path alone.
//
// Thread safety: reads only after loading.

#include "engine/core/error.hpp"

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace sallyport::simulator {

struct stub {
  std::string method; ///< ANY: every method
  int status = 200;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::chrono::milliseconds delay{0};
};

class mappings {
public:
  /// Reads every *.json of the folder, in order of its name.
  [[nodiscard]] static result<mappings> load(const std::filesystem::path& folder);

  /// Null when no file maps the request.
  [[nodiscard]] const stub* find(std::string_view method, std::string_view target) const;
  [[nodiscard]] std::size_t size() const { return by_url_.size() + by_path_.size(); }

private:
  using table = std::unordered_multimap<std::string, stub>;

  table by_url_, by_path_;
};

} // namespace sallyport::simulator
