#include "engine/core/ip_network.hpp"

#include <gtest/gtest.h>

namespace sallyport {
namespace {

bool contains(const char* network, const char* address) {
  const auto parsed = ip_network::parse(network);
  EXPECT_TRUE(parsed) << network;
  return parsed && parsed->contains(address);
}

TEST(ip_network, an_address_is_in_it_by_its_first_bits) {
  EXPECT_TRUE(contains("10.0.0.0/8", "10.255.1.2"));
  EXPECT_FALSE(contains("10.0.0.0/8", "11.0.0.0"));
  EXPECT_TRUE(contains("10.1.2.128/25", "10.1.2.200"));
  EXPECT_FALSE(contains("10.1.2.128/25", "10.1.2.100"));
  EXPECT_TRUE(contains("0.0.0.0/0", "8.8.8.8"));
  EXPECT_TRUE(contains("fd00::/8", "fdff::1"));
  EXPECT_FALSE(contains("fd00::/8", "fe80::1"));
}

TEST(ip_network, without_bits_it_is_one_address) {
  EXPECT_TRUE(contains("10.1.2.3", "10.1.2.3"));
  EXPECT_FALSE(contains("10.1.2.3", "10.1.2.4"));
  EXPECT_TRUE(contains("::1", "::1"));
}

TEST(ip_network, an_address_of_version_4_is_the_same_by_a_socket_of_version_6) {
  EXPECT_TRUE(contains("10.0.0.0/8", "::ffff:10.1.2.3"));
  EXPECT_FALSE(contains("0.0.0.0/0", "fe80::1"));
}

TEST(ip_network, what_is_no_network_is_told) {
  for (const char* text : {"", "10", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8x",
                           "::/129", "host", "10.0.0.0/8/8"})
    EXPECT_FALSE(ip_network::parse(text)) << text;
  EXPECT_FALSE(contains("0.0.0.0/0", "host"));
}

TEST(ip_network, loopback_is_this_machine) {
  for (const char* near : {"127.0.0.1", "127.1.2.3", "::1", "localhost"})
    EXPECT_TRUE(is_loopback(near)) << near;
  for (const char* far : {"0.0.0.0", "::", "10.0.0.1", "", "localhost.example"})
    EXPECT_FALSE(is_loopback(far)) << far;
}

} // namespace
} // namespace sallyport
