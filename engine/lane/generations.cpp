#include "engine/lane/generations.hpp"

#include "engine/core/binary.hpp"
#include "engine/lane/rows.hpp"
#include "engine/services/backup.hpp"

#include <algorithm>
#include <charconv>
#include <ranges>

namespace sallyport::lane {

namespace {

constexpr std::string_view generations_row = "generations";
constexpr std::uint8_t generations_format = 1;

error unreadable() { return error::internal("the rows of the generations cannot be read"); }

} // namespace

std::uint64_t generations::of(const std::string& part, std::uint32_t partition,
                              std::uint64_t number) const {
  for (const auto& each : std::views::reverse(all_)) {
    const auto begin = each.begins.find({part, partition});
    if (begin == each.begins.end() || number >= begin->second)
      return each.number;
  }
  return first;
}

std::string generations::text() const {
  std::string out;
  binary::put_u8(out, generations_format);
  binary::put_varint(out, all_.size());
  for (const auto& each : all_) {
    binary::put_varint(out, each.number);
    binary::put_varint(out, each.begins.size());
    for (const auto& [of, begin] : each.begins) {
      binary::put_string(out, of.first);
      binary::put_varint(out, of.second);
      binary::put_varint(out, begin);
    }
  }
  return out;
}

result<generations> generations::parse(std::string_view text) {
  binary::reader in{text};
  generations made;
  if (in.u8() != generations_format)
    return fail(unreadable());
  for (auto left = in.varint(); left > 0 && !in.failed(); --left) {
    generation one;
    one.number = in.varint();
    for (auto lanes = in.varint(); lanes > 0 && !in.failed(); --lanes) {
      std::string part{in.string()};
      const auto partition = static_cast<std::uint32_t>(in.varint());
      one.begins[{std::move(part), partition}] = in.varint();
    }
    made.all_.push_back(std::move(one));
  }
  return in.failed() ? result<generations>{fail(unreadable())} : made;
}

result<generations> generations::open(store& in) {
  generations made;
  SALLYPORT_TRY(const auto row, in.get(family::meta, generations_row));
  if (row) {
    SALLYPORT_TRY(made, parse(*row));
  }
  SALLYPORT_TRY(const auto asked, in.get(family::meta, backup::new_generation_row));
  if (!asked)
    return made;
  generation next;
  const auto* end = asked->data() + asked->size();
  if (std::from_chars(asked->data(), end, next.number).ptr != end)
    return fail(unreadable());
  next.number = std::max(next.number, (made.all_.empty() ? first : made.all_.back().number) + 1);
  // The row of a door: part NUL partition NUL kind, as the stage of the lane itself has no name.
  SALLYPORT_CHECK(in.scan(family::state, "", "", [&](std::string_view key, std::string_view value) {
    const auto name_end = key.find('\0');
    const std::string door{'\0', static_cast<char>(rows::kind::door)};
    if (name_end == std::string_view::npos || key.size() != name_end + 5 + door.size() ||
        !key.ends_with(door) || value.empty())
      return true;
    binary::reader partition{key.substr(name_end + 1)};
    binary::reader numbers{value.substr(1)};
    next.begins[{std::string{key.substr(0, name_end)}, partition.be32()}] = numbers.varint();
    return true;
  }));
  made.all_.push_back(std::move(next));
  store_batch begun;
  begun.put(family::meta, std::string{generations_row}, made.text());
  begun.erase(family::meta, std::string{backup::new_generation_row});
  SALLYPORT_CHECK(in.write(begun, true));
  return made;
}

} // namespace sallyport::lane
