#include "engine/core/binary.hpp"

#include <cstdint>
#include <gtest/gtest.h>
#include <limits>
#include <random>
#include <vector>

namespace sallyport::binary {
namespace {

using namespace std::chrono_literals;

constexpr auto largest = std::numeric_limits<std::uint64_t>::max();

wall_time at(std::int64_t milliseconds) { return wall_time{duration{milliseconds}}; }

TEST(binary_form, numbers_come_back) {
  std::string out;
  put_u8(out, 0xfe);
  put_be32(out, 0xdeadbeef);
  put_be64(out, 0x0123456789abcdef);
  EXPECT_EQ(out, std::string("\xfe\xde\xad\xbe\xef\x01\x23\x45\x67\x89\xab\xcd\xef", 13));
  reader in{out};
  EXPECT_EQ(in.u8(), 0xfe);
  EXPECT_EQ(in.be32(), 0xdeadbeef);
  EXPECT_EQ(in.be64(), 0x0123456789abcdefU);
  EXPECT_TRUE(in.at_end());
  EXPECT_FALSE(in.failed());
}

TEST(binary_form, varints_are_short_and_come_back) {
  const std::vector<std::pair<std::uint64_t, std::size_t>> sizes{
    {0, 1}, {127, 1}, {128, 2}, {16'383, 2}, {16'384, 3}, {1ULL << 63U, 10}, {largest, 10}};
  for (auto [value, size] : sizes) {
    std::string out;
    put_varint(out, value);
    EXPECT_EQ(out.size(), size) << value;
    reader in{out};
    EXPECT_EQ(in.varint(), value);
    EXPECT_TRUE(in.at_end());
    EXPECT_FALSE(in.failed());
  }
}

TEST(binary_form, signed_varints_are_short_near_zero_and_come_back) {
  for (std::int64_t value :
       {std::int64_t{0}, std::int64_t{-1}, std::int64_t{1}, std::int64_t{-64}, std::int64_t{63},
        std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()}) {
    std::string out;
    put_signed(out, value);
    EXPECT_EQ(out.size() == 1, value >= -64 && value <= 63) << value;
    reader in{out};
    EXPECT_EQ(in.signed_varint(), value);
    EXPECT_FALSE(in.failed());
  }
}

TEST(binary_form, a_varint_that_never_ends_fails) {
  std::string endless(20, '\xff');
  reader in{endless};
  EXPECT_EQ(in.varint(), 0U);
  EXPECT_TRUE(in.failed());
}

TEST(binary_form, null_stays_null_and_empty_stays_empty) {
  std::string out;
  put_bytes(out, bytes{});
  put_bytes(out, bytes{""});
  put_bytes(out, bytes{"x"});
  reader in{out};
  EXPECT_TRUE(in.nullable_bytes().is_null());
  EXPECT_EQ(in.nullable_bytes(), bytes{""});
  EXPECT_EQ(in.nullable_bytes(), bytes{"x"});
  EXPECT_TRUE(in.at_end() && !in.failed());
}

TEST(binary_form, time_keys_sort_as_times_do) {
  std::string last;
  for (std::int64_t time :
       {std::numeric_limits<std::int64_t>::min(), std::int64_t{-1000}, std::int64_t{-1},
        std::int64_t{0}, std::int64_t{1}, std::int64_t{256}, std::int64_t{1'800'000'000'000},
        std::numeric_limits<std::int64_t>::max()}) {
    std::string key;
    put_time_key(key, at(time));
    EXPECT_EQ(key.size(), 8U);
    EXPECT_LT(last, key) << time;
    reader in{key};
    EXPECT_EQ(in.time_key(), at(time));
    last = key;
  }
}

TEST(binary_form, a_record_points_into_memory_that_has_an_owner) {
  auto owner = std::make_shared<std::string>();
  put_record(*owner, record{bytes{"key"}, bytes{"value"}, {}, at(7)});
  auto inside = [&](const bytes& b) {
    return b.data() >= owner->data() && b.data() < owner->data() + owner->size();
  };
  auto shared = reader{*owner, owner}.read_record();
  EXPECT_TRUE(inside(shared.key) && inside(shared.value));
  auto copied = reader{*owner}.read_record();
  EXPECT_FALSE(inside(copied.key) || inside(copied.value));
  EXPECT_EQ(shared, copied);
  owner.reset();
  EXPECT_EQ(shared.value.view(), "value");
}

TEST(binary_form, after_a_failure_everything_is_zero) {
  std::string out{"\x05"
                  "ab"};
  reader in{out};
  EXPECT_EQ(in.string(), "");
  EXPECT_TRUE(in.failed());
  EXPECT_TRUE(in.at_end());
  EXPECT_EQ(in.u8(), 0);
  EXPECT_EQ(in.be32(), 0U);
  EXPECT_EQ(in.be64(), 0U);
  EXPECT_EQ(in.varint(), 0U);
  EXPECT_EQ(in.signed_varint(), 0);
  EXPECT_TRUE(in.nullable_bytes().is_null());
  EXPECT_EQ(in.read_record(), record{});
  EXPECT_TRUE(in.failed());
}

TEST(binary_form, a_length_beyond_the_input_fails_without_reading_it) {
  for (std::uint64_t length : {std::uint64_t{6}, largest, largest - 1, std::uint64_t{1} << 63U}) {
    std::string out;
    put_varint(out, length);
    out += "12345";
    reader text{out};
    EXPECT_EQ(text.string(), "");
    EXPECT_TRUE(text.failed());
    std::string nullable;
    put_varint(nullable, length == largest ? length : length + 1);
    nullable += "12345";
    reader value{nullable};
    EXPECT_TRUE(value.nullable_bytes().is_null());
    EXPECT_TRUE(value.failed());
  }
}

// -- random input -------------------------------------------------------------------------------

class lots {
public:
  lots() : seed_(std::random_device{}()), engine_(seed_) {}
  std::uint64_t below(std::uint64_t bound) { return engine_() % bound; }
  std::uint64_t any() { return engine_() >> below(64); }
  std::string text() {
    std::string out(below(200), '\0');
    for (auto& c : out)
      c = static_cast<char>(below(256));
    return out;
  }
  bytes nullable() { return below(4) == 0 ? bytes{} : bytes{text()}; }
  record any_record() {
    record r{
      nullable(), nullable(), {}, at(static_cast<std::int64_t>(any()) * (below(2) == 0 ? 1 : -1))};
    for (auto i = below(4); i > 0; --i)
      r.headers.push_back({text(), text()});
    return r;
  }
  [[nodiscard]] unsigned seed() const { return seed_; }

private:
  unsigned seed_;
  std::mt19937_64 engine_;
};

TEST(binary_random, records_come_back) {
  lots lot;
  SCOPED_TRACE(::testing::Message() << "seed " << lot.seed());
  for (int i = 0; i < 500; ++i) {
    std::vector<record> records;
    std::string out;
    for (auto count = lot.below(5); count > 0; --count) {
      records.push_back(lot.any_record());
      put_record(out, records.back());
    }
    reader in{out};
    for (const auto& wanted : records)
      ASSERT_EQ(in.read_record(), wanted);
    ASSERT_TRUE(in.at_end());
    ASSERT_FALSE(in.failed());
  }
}

TEST(binary_random, a_record_cut_short_anywhere_fails) {
  lots lot;
  SCOPED_TRACE(::testing::Message() << "seed " << lot.seed());
  for (int i = 0; i < 30; ++i) {
    std::string out;
    put_record(out, lot.any_record());
    for (std::size_t size = 0; size < out.size(); ++size) {
      // A copy of exactly this size, so that a sanitizer sees a read beyond it.
      auto cut = std::make_shared<const std::string>(out.substr(0, size));
      reader in{*cut, cut};
      (void) in.read_record();
      ASSERT_TRUE(in.failed()) << "cut to " << size << " of " << out.size();
    }
  }
}

TEST(binary_random, changed_bytes_never_read_beyond_the_input) {
  lots lot;
  SCOPED_TRACE(::testing::Message() << "seed " << lot.seed());
  for (int i = 0; i < 5'000; ++i) {
    std::string out;
    put_record(out, lot.any_record());
    for (auto flips = lot.below(4) + 1; flips > 0; --flips)
      out[lot.below(out.size())] = static_cast<char>(lot.below(256));
    auto input = std::make_shared<const std::string>(out);
    reader in{*input, input};
    auto found = in.read_record();
    std::size_t held = found.key.size() + found.value.size();
    for (const auto& h : found.headers)
      held += h.name.size() + h.value.size();
    ASSERT_LE(held, out.size());
    ASSERT_LE(in.rest().size(), out.size());
  }
}

TEST(binary_random, rubbish_never_reads_beyond_the_input) {
  lots lot;
  SCOPED_TRACE(::testing::Message() << "seed " << lot.seed());
  for (int i = 0; i < 5'000; ++i) {
    auto rubbish = std::make_shared<const std::string>(lot.text());
    reader in{*rubbish, rubbish};
    std::size_t held = 0;
    for (int j = 0; j < 20; ++j) {
      switch (lot.below(8)) {
      case 0: (void) in.u8(); break;
      case 1: (void) in.be32(); break;
      case 2: (void) in.be64(); break;
      case 3: (void) in.varint(); break;
      case 4: (void) in.signed_varint(); break;
      case 5: held += in.string().size(); break;
      case 6: held += in.nullable_bytes().size(); break;
      default: (void) in.time_key();
      }
    }
    ASSERT_LE(held + in.rest().size(), rubbish->size());
  }
}

} // namespace
} // namespace sallyport::binary
