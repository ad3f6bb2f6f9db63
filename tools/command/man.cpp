#include "tools/command/verb.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <iostream>
#include <string>

/// The manual page, from the same table as `--help`.
namespace sallyport::command {

namespace {

/// Text in roff: a backslash and a leading dot or quote would be commands, a minus a hyphen.
std::string escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else
      out += c;
  }
  return !out.empty() && (out.front() == '.' || out.front() == '\'') ? "\\&" + out : out;
}

std::string capitals(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return text;
}

/// `\fBlint\fR \fIFILE\fR...`
std::string usage_of(const CLI::App& verb, const std::string& path) {
  auto out = "\\fB" + escaped(path) + "\\fR";
  for (const auto* o : verb.get_options())
    if (o->get_positional()) {
      auto name = "\\fI" + escaped(o->get_name(true)) + "\\fR" +
                  (o->get_items_expected_max() > 1 ? "..." : "");
      out += " " + (o->get_required() ? name : "[" + name + "]");
    }
  return out;
}

void write_options(const CLI::App& verb) {
  for (const auto* o : verb.get_options()) {
    if (o->get_positional() || o->get_lnames().empty() || o->get_lnames().front() == "help")
      continue;
    const bool takes_value = o->get_items_expected_max() > 0;
    const auto value =
      o->get_option_text().empty() ? capitals(o->get_lnames().front()) : o->get_option_text();
    std::cout << ".RS\n.TP\n\\fB\\-\\-" << escaped(o->get_lnames().front()) << "\\fR"
              << (takes_value ? " \\fI" + escaped(value) + "\\fR" : "") << "\n"
              << escaped(o->get_description()) << "\n.RE\n";
  }
}

void write_verb(const CLI::App& verb, const std::string& path) {
  const auto below = verb.get_subcommands([](const CLI::App*) { return true; });
  std::cout << ".TP\n" << usage_of(verb, path) << "\n" << escaped(verb.get_description()) << "\n";
  write_options(verb);
  for (const auto* sub : below)
    write_verb(*sub, path + " " + sub->get_name());
}

void write_page(const CLI::App& app) {
  std::cout << ".TH SALLYPORT 1 \"\" \"sallyport " SALLYPORT_VERSION "\" \"User commands\"\n"
               ".SH NAME\nsallyport \\- streams between services\n"
               ".SH SYNOPSIS\n\\fBsallyport\\fR \\fIVERB\\fR [\\fIOPTION\\fR...]\n"
               ".SH DESCRIPTION\n"
            << escaped(app.get_description()) << "\n.SH VERBS\n";
  for (const auto* verb : app.get_subcommands([](const CLI::App*) { return true; }))
    write_verb(*verb, verb->get_name());
  std::cout << ".SH ENVIRONMENT\n"
               ".TP\n\\fBNO_COLOR\\fR\nIf it is set, nothing is colored. Pipes never are.\n"
               ".TP\n\\fBCOLUMNS\\fR\nThe width of texts where there is no terminal.\n"
               ".TP\n\\fBSALLYPORT_STATE_DIR\\fR\nThe state folder of verbs that look into one.\n"
               ".SH EXIT STATUS\n"
            << escaped(exit_code_help()) << "\n";
}

} // namespace

void declare_man(CLI::App& sub, int& /*code*/) {
  sub.callback([&sub] { write_page(*sub.get_parent()); });
}

} // namespace sallyport::command
