#include "engine/services/instance_answers.hpp"

#include "engine/services/http_fetch.hpp"

#include <nlohmann/json.hpp>

namespace sallyport {

instance_answers::answered instance_answers::ask(const http_request& request,
                                                 const std::string& path) const {
  answered out;
  if (!others_ || request.parameter("here"))
    return out;
  auto parameters = request.query;
  parameters.emplace("here", "1");
  header_list headers;
  if (const auto token = find_header(request.headers, "authorization"))
    headers.push_back({"Authorization", std::string{*token}});
  for (const auto& instance : others_()) {
    const auto came =
      http_get(instance + path + query_text(parameters), headers, {patience, bytes_max});
    auto read = came && came->status == 200
                  ? nlohmann::ordered_json::parse(came->body, nullptr, false)
                  : nlohmann::ordered_json(nlohmann::ordered_json::value_t::discarded);
    if (!read.is_object())
      out.missing.push_back(
        {{"instance", instance},
         {"why", !came                 ? came.error().what
                 : came->status != 200 ? "it answers " + std::to_string(came->status)
                                       : "it answers in another form"}});
    else
      out.all.push_back(std::move(read));
  }
  return out;
}

} // namespace sallyport
