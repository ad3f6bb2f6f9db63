#include "connectors/generate/text_template.hpp"

#include <charconv>
#include <sstream>

namespace sallyport::generate {

namespace {

/// One step of splitmix64: numbers in a row become numbers without a pattern.
std::uint64_t mixed(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27U)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31U);
}

std::unexpected<error> wrong(const std::string& what) {
  return fail(error::user(errc::invalid_config, what));
}

} // namespace

result<text_template> text_template::parse(std::string_view text) {
  text_template made;
  while (!text.empty()) {
    const auto open = text.find("{{");
    if (open != 0)
      made.parts_.push_back({part::kind::text, std::string{text.substr(0, open)}, 0, 0});
    if (open == std::string_view::npos)
      break;
    const auto close = text.find("}}", open);
    if (close == std::string_view::npos)
      return wrong("a '{{' of the template has no '}}'");
    SALLYPORT_TRY(auto place, parse_place(text.substr(open + 2, close - open - 2)));
    made.parts_.push_back(std::move(place));
    text.remove_prefix(close + 2);
  }
  return made;
}

result<text_template::part> text_template::parse_place(std::string_view inside) {
  std::istringstream words{std::string{inside}};
  std::string name;
  std::string rest;
  part made;
  words >> name;
  if (name == "n") {
    made.what = part::kind::number;
  } else if (name == "random") {
    made.what = part::kind::random;
    if (!(words >> made.least >> made.most) || made.least > made.most)
      return wrong("'{{" + std::string{inside} +
                   "}}' of the template: two whole numbers are wanted, the lesser first, such as "
                   "{{random 1 100}}");
  } else {
    return wrong("'{{" + std::string{inside} +
                 "}}' of the template is unknown; {{n}} and {{random a b}} are known");
  }
  if (words >> rest)
    return wrong("'{{" + std::string{inside} + "}}' of the template goes on too long");
  return made;
}

std::string text_template::fill(std::uint64_t seed, std::uint64_t n) const {
  std::string out;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const auto& each = parts_[i];
    switch (each.what) {
    case part::kind::text: out += each.text; break;
    case part::kind::number: out += std::to_string(n); break;
    case part::kind::random: {
      const auto drawn = mixed(mixed(mixed(seed) + n) + i);
      const auto count =
        static_cast<std::uint64_t>(each.most) - static_cast<std::uint64_t>(each.least) + 1;
      const auto above = count == 0 ? drawn : drawn % count; // 0: all 64 bits.
      out +=
        std::to_string(static_cast<std::int64_t>(static_cast<std::uint64_t>(each.least) + above));
      break;
    }
    }
  }
  return out;
}

} // namespace sallyport::generate
