#include "tools/simulator/mappings.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>

namespace sallyport::simulator {

namespace {

using json = nlohmann::ordered_json;

/// @throws nlohmann::json::exception when a field has the wrong type
stub read_stub(const json& request, const json& response) {
  stub one;
  one.method = request.value("method", "ANY");
  one.status = response.value("status", 200);
  one.delay = std::chrono::milliseconds{response.value("fixedDelayMilliseconds", 0)};
  if (response.contains("jsonBody"))
    one.body = response["jsonBody"].dump();
  else
    one.body = response.value("body", "");
  if (response.contains("headers"))
    for (const auto& [name, value] : response["headers"].items()) {
      if (name == "Content-Type")
        one.content_type = value.get<std::string>();
      else
        one.headers.emplace_back(name, value.get<std::string>());
    }
  return one;
}

} // namespace

result<mappings> mappings::load(const std::filesystem::path& folder) {
  std::error_code problem;
  std::vector<std::filesystem::path> files;
  for (std::filesystem::directory_iterator at{folder, problem}, end; !problem && at != end;
       at.increment(problem))
    if (at->path().extension() == ".json")
      files.push_back(at->path());
  if (problem)
    return fail(error::user(errc::not_found, "cannot read the folder of mappings " +
                                               folder.string() + ": " + problem.message()));
  std::ranges::sort(files);
  mappings all;
  for (const auto& file : files) {
    try {
      std::ifstream in{file};
      const auto mapping = json::parse(in);
      const auto& request = mapping.at("request");
      const auto one = read_stub(request, mapping.at("response"));
      if (request.contains("url"))
        all.by_url_.emplace(request["url"].get<std::string>(), one);
      else
        all.by_path_.emplace(request.at("urlPath").get<std::string>(), one);
    } catch (const json::exception& wrong) {
      return fail(error::user(errc::invalid_config, file.string() +
                                                      " is no mapping with request "
                                                      "(method, url or urlPath) and response: " +
                                                      wrong.what()));
    }
  }
  return all;
}

const stub* mappings::find(std::string_view method, std::string_view target) const {
  const auto in = [&](const table& from, std::string_view key) -> const stub* {
    const auto [begin, end] = from.equal_range(std::string{key});
    for (auto at = begin; at != end; ++at)
      if (at->second.method == method || at->second.method == "ANY")
        return &at->second;
    return nullptr;
  };
  if (const auto* exact = in(by_url_, target))
    return exact;
  return in(by_path_, target.substr(0, target.find('?')));
}

} // namespace sallyport::simulator
