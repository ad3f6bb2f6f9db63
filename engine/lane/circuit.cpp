#include "engine/lane/circuit.hpp"

#include "engine/core/murmur2.hpp"
#include "engine/lane/rows.hpp"

namespace sallyport::lane {

void circuit::failed(std::string_view key, wall_time now) {
  if (open_until_) {
    // A probe that failed opens it anew; so does a call that had started before it opened.
    open_until_ = now + how_.open_for;
    probing_ = false;
    return;
  }
  failing_.insert(murmur2(key));
  if (failing_.size() >= how_.failing_keys)
    open_until_ = now + how_.open_for;
}

std::string circuit::save() const {
  auto row = rows::value();
  binary::put_u8(row, open_until_ ? 1 : 0);
  if (open_until_)
    binary::put_time_key(row, *open_until_);
  binary::put_varint(row, failing_.size());
  for (auto hash : failing_)
    binary::put_be32(row, hash);
  return row;
}

circuit circuit::load(std::string_view row, settings how) {
  circuit c{how};
  binary::reader in{row.substr(1)};
  if (in.u8() != 0)
    c.open_until_ = in.time_key();
  for (auto n = in.varint(); n > 0 && !in.failed(); --n)
    c.failing_.insert(in.be32());
  return c;
}

} // namespace sallyport::lane
