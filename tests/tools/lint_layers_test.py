#!/usr/bin/env python3
"""The layer check finds what it must: each test plants one violation in a small tree of its own."""

import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools/lib"))
import lint_layers  # noqa: E402


class LayerCheck(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.write("tools/layers.txt", (ROOT / "tools/layers.txt").read_text(encoding="utf-8"))

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def violations(self, name, text):
        self.write(name, text)
        return lint_layers.check_tree(self.root)[0]

    def assert_refused(self, name, text, at):
        found = self.violations(name, text)
        self.assertEqual(len(found), 1, found)
        self.assertTrue(found[0].startswith(f"{name}:{at}: "), found)

    def assert_fine(self, name, text):
        self.assertEqual(self.violations(name, text), [])

    def test_a_lower_layer_may_be_included_however_far_below(self):
        self.assert_fine("engine/runtime/a.cpp", '#include "engine/core/record.hpp"\n#include "engine/lane/door.hpp"\n')

    def test_an_upper_layer_is_refused_with_file_and_line(self):
        self.assert_refused("engine/core/a.hpp", '#pragma once\n\n#include "engine/log/log.hpp"\n', 3)

    def test_layers_of_one_rank_do_not_include_each_other(self):
        self.assert_refused("engine/operators/a.hpp", '#include "engine/connectors/caller.hpp"\n', 1)

    def test_connectors_do_not_include_each_other(self):
        self.assert_refused("connectors/http/a.cpp", '#include "connectors/file/b.hpp"\n', 1)

    def test_a_connector_may_include_its_own_files(self):
        self.assert_fine("connectors/http/a.cpp", '#include "connectors/http/b.hpp"\n')

    def test_topologies_do_not_include_each_other(self):
        self.assert_refused("topologies/one/a.cpp", '#include "topologies/two/b.hpp"\n', 1)

    def test_actors_include_neither_topologies_nor_connectors(self):
        found = self.violations("actors/a.cpp", '#include "topologies/one/b.hpp"\n#include "connectors/http/b.hpp"\n')
        self.assertEqual([line.split(":")[1] for line in found], ["1", "2"])

    def test_each_fence_holds_outside_of_its_places(self):
        for header in ("caf/actor.hpp", "rocksdb/db.h", "librdkafka/rdkafkacpp.h", "yaml-cpp/yaml.h", "spdlog/spdlog.h",
                       "prometheus/counter.h", "httplib.h", "curl/curl.h"):
            with self.subTest(header):
                self.assert_refused("engine/lane/a.cpp", f"#include <{header}>\n", 1)

    def test_fences_open_where_they_should(self):
        for name, header in (("engine/runtime/a.cpp", "caf/actor.hpp"), ("engine/state/rocksdb_store.cpp", "rocksdb/db.h"),
                             ("engine/log/embedded_log.hpp", "rocksdb/db.h"), ("engine/config/yaml.cpp", "yaml-cpp/yaml.h"),
                             ("connectors/http/a.cpp", "curl/curl.h"), ("tests/connectors/a_test.cpp", "httplib.h")):
            self.assert_fine(name, f"#include <{header}>\n")

    def test_a_fence_of_files_does_not_open_the_folder(self):
        self.assert_refused("engine/state/overlay.cpp", "#include <rocksdb/db.h>\n", 1)

    def test_caf_all_is_refused_even_in_the_runtime(self):
        self.assert_refused("engine/runtime/a.cpp", "#include <caf/all.hpp>\n", 1)

    def test_a_sleep_in_a_test_is_refused(self):
        for call in ("std::this_thread::sleep_for(1s);", "usleep(5);", "sleep(1);", "sleep_until (later);"):
            with self.subTest(call):
                self.assert_refused("tests/engine/core/a_test.cpp", f"void f() {{\n  {call}\n}}\n", 2)

    def test_a_digit_separator_opens_no_character(self):
        self.assert_refused("tests/a_test.cpp", "auto n = 50'000; sleep(1); auto c = 'x';\n", 1)

    def test_words_in_comments_and_strings_are_no_code(self):
        self.assert_fine("tests/a_test.cpp", '// sleep_for(1s)\n/* usleep(\n1) */ auto s = "sleep(1)";\n'
                                             'auto n = 1\'000; auto r = R"(\n#if 0\nsleep(1)\n)";\n')

    def test_a_commented_include_is_no_include(self):
        self.assert_fine("engine/core/a.hpp", '// #include "engine/log/log.hpp"\n')

    def test_a_relative_include_is_refused(self):
        self.assert_refused("engine/core/a.hpp", '#include "record.hpp"\n', 1)

    def test_own_headers_in_angle_brackets_are_held_to_the_layers_too(self):
        self.assert_refused("engine/core/a.hpp", "#include <engine/log/log.hpp>\n", 1)

    def test_a_folder_without_a_rule_is_refused(self):
        self.assert_refused("engine/novelty/a.hpp", "#pragma once\n", 1)

    def test_a_circle_in_the_rules_is_refused(self):
        with self.assertRaisesRegex(lint_layers.RulesError, "circle"):
            lint_layers.Rules("a: b\nb: a\n")

    def test_a_rule_about_an_unknown_folder_is_refused(self):
        with self.assertRaisesRegex(lint_layers.RulesError, "no rule"):
            lint_layers.Rules("a: b\n")

    def test_a_line_that_is_no_rule_is_refused_with_its_place(self):
        with self.assertRaisesRegex(lint_layers.RulesError, "layers.txt:2: not a rule"):
            lint_layers.Rules("a:\nnonsense\n")


if __name__ == "__main__":
    unittest.main()
