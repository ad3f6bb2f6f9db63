#include "engine/config/node.hpp"
#include "engine/topology/reference.hpp"
#include "tools/command/verb.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

/// Completion for shells. Each shell only asks the program what could come next, so there is one
/// set of rules, and what a new verb takes is completed without a change here.
namespace sallyport::command {

namespace {

using words = std::vector<std::string>;

constexpr std::string_view bash_script =
  R"sh(# eval "$(sallyport completion bash)", or into a file of bash-completion
_sallyport() {
  local IFS=$'\n'
  COMPREPLY=($(sallyport completion words -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _sallyport sallyport
)sh";

constexpr std::string_view zsh_script = R"sh(#compdef sallyport
# eval "$(sallyport completion zsh)", or into a file _sallyport of $fpath
_sallyport() {
  local -a found
  found=("${(@f)$(sallyport completion words -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "${found[*]}" ]]; then
    compadd -a found
  else
    _files
  fi
}
compdef _sallyport sallyport
)sh";

constexpr std::string_view fish_script = R"sh(# sallyport completion fish | source
function __sallyport_words
  set -l typed (commandline -opc) (commandline -ct)
  sallyport completion words -- $typed[2..-1] 2>/dev/null
end
complete -c sallyport -a '(__sallyport_words)'
)sh";

void add(words& all, const std::string& word) {
  if (std::ranges::find(all, word) == all.end())
    all.push_back(word);
}

// -- names of a given file ------------------------------------------------------------------------

config::node read(const std::string& file) {
  config::findings ignored;
  return config::load_yaml(
    file, [](std::string_view) { return std::optional<std::string>{""}; }, ignored);
}

/// The topology of the first file among the words that is one, or that names one, and the config if
/// it was that.
struct files {
  config::node topology;
  config::node config;
};

files files_of(const words& typed) {
  for (const auto& word : typed) {
    std::error_code wrong;
    if (!(word.ends_with(".yaml") || word.ends_with(".yml")) ||
        !std::filesystem::exists(word, wrong))
      continue;
    auto root = read(word);
    if (root.find("parts") != nullptr)
      return {std::move(root), {}};
    if (const auto* named = root.find("topology"); named != nullptr)
      return {read((std::filesystem::path{word}.parent_path() / named->text).string()), root};
  }
  return {};
}

/// A topic is called as its port, unless its binding says otherwise.
words topics_of(const files& in) {
  words all;
  const auto* bind = in.config.find("bind");
  const auto* application = in.config.find("application");
  for (const char* section : {"ports", "internal"}) {
    const auto* names = in.topology.find(section);
    if (names == nullptr)
      continue;
    for (const auto& e : names->entries) {
      const auto* kind = e.value.find("kind");
      if (kind != nullptr && kind->text == "call")
        continue;
      const auto* binding = bind == nullptr ? nullptr : bind->find(e.name);
      const auto* topic = binding == nullptr ? nullptr : binding->find("topic");
      const bool is_internal = std::string_view{section} == "internal" && application != nullptr;
      add(all, topic != nullptr ? topic->text
               : is_internal    ? application->text + "." + e.name
                                : e.name);
    }
  }
  return all;
}

words parts_or_stages_of(const files& in, bool stages) {
  words all;
  const auto* parts = in.topology.find("parts");
  if (parts == nullptr)
    return all;
  for (const auto& part : parts->entries) {
    if (!stages)
      add(all, part.name);
    const auto* list = part.value.find("stages");
    for (const auto& s : stages&& list != nullptr ? list->items : std::vector<config::node>{})
      if (const auto* name = s.find("name"))
        add(all, name->text);
  }
  return all;
}

// -- what can come next ---------------------------------------------------------------------------

/// The values of an option or argument. None: the shell completes files.
words values_of(const CLI::Option& o, const std::string& verb, const words& typed) {
  words all;
  if (const auto& text = o.get_option_text(); text.find('|') != std::string::npos) {
    for (std::size_t at = 0; at <= text.size();) {
      const auto end = std::min(text.find('|', at), text.size());
      all.push_back(text.substr(at, end - at));
      at = end + 1;
    }
    return all;
  }
  auto name = o.get_positional() ? o.get_name(true) : o.get_lnames().front();
  if (verb == "docs" && name == "NAME")
    for (const auto& c : topology::components())
      all.push_back(c.name);
  if (name == "TOPIC" || name == "topic")
    return topics_of(files_of(typed));
  if (name == "stage" || name == "STAGE" || name == "part" || name == "PART")
    return parts_or_stages_of(files_of(typed), name == "stage" || name == "STAGE");
  return all;
}

const CLI::Option* option_of(const CLI::App& verb, const std::string& word) {
  for (const auto* o : verb.get_options())
    for (const auto& name : o->get_lnames())
      if (word == "--" + name)
        return o;
  return nullptr;
}

/// All that could stand for the last of the words.
words candidates(const CLI::App& app, const words& typed) {
  const auto* verb = &app;
  const CLI::Option* waiting = nullptr;
  std::size_t arguments = 0;
  for (std::size_t i = 0; i + 1 < typed.size(); ++i) {
    const auto& word = typed[i];
    if (waiting != nullptr) {
      waiting = nullptr;
      continue;
    }
    if (word.starts_with("--")) {
      const auto* o = option_of(*verb, word);
      waiting = o != nullptr && o->get_items_expected_max() > 0 ? o : nullptr;
      continue;
    }
    const auto below = verb->get_subcommands([](const CLI::App*) { return true; });
    const auto sub =
      std::ranges::find_if(below, [&](const auto* s) { return s->get_name() == word; });
    if (sub != below.end())
      verb = *sub;
    else
      ++arguments;
  }
  if (waiting != nullptr)
    return values_of(*waiting, verb->get_name(), typed);
  words all;
  if (typed.back().starts_with("-")) {
    for (const auto* o : verb->get_options())
      for (const auto& name : o->get_lnames())
        add(all, "--" + name);
    return all;
  }
  for (const auto* sub : verb->get_subcommands([](const CLI::App*) { return true; }))
    all.push_back(sub->get_name());
  std::size_t place = 0;
  for (const auto* o : verb->get_options())
    if (o->get_positional() && (place++ == arguments || o->get_items_expected_max() > 1))
      for (const auto& value : values_of(*o, verb->get_name(), typed))
        add(all, value);
  return all;
}

void print_words(const CLI::App& app, words typed) {
  if (typed.empty())
    typed.emplace_back();
  for (const auto& word : candidates(app, typed))
    if (word.starts_with(typed.back()))
      std::cout << word << '\n';
}

} // namespace

void declare_completion(CLI::App& sub, int& /*code*/) {
  sub.require_subcommand(1);
  for (const auto& [shell, script] : {std::pair{"bash", bash_script}, std::pair{"zsh", zsh_script},
                                      std::pair{"fish", fish_script}})
    sub.add_subcommand(shell, std::string{"The script for "} + shell + ".")->callback([script] {
      std::cout << script;
    });
  auto typed = std::make_shared<words>();
  auto* ask = sub.add_subcommand("words", "What could come next; the scripts ask this.");
  ask->add_option("WORD", *typed, "The words of the line so far, without the program.");
  ask->callback([&sub, typed] { print_words(*sub.get_parent(), *typed); });
}

} // namespace sallyport::command
