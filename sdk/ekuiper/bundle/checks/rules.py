"""All that is checked. Each rule has its part in docs/checks.md, where an id leads."""

from .finding import Hosts, Rule, Severity

_ERROR: Severity = "error"
_WARNING: Severity = "warning"

# The zip itself
NOT_A_ZIP = Rule("not-a-zip", _ERROR, "the file is no readable zip")
CORRUPT_ENTRY = Rule("corrupt-entry", _ERROR, "an entry cannot be unpacked")
ENCRYPTED_ENTRY = Rule("encrypted-entry", _ERROR, "an entry is encrypted")
COMPRESSION = Rule("compression", _ERROR, "an entry is compressed in a way eKuiper does not know")
ZIP_SUFFIX = Rule("zip-suffix", _WARNING, "the file's name does not end with .zip")
TOO_LARGE = Rule("too-large", _ERROR, "the zip unpacks to more than any device takes")
LARGE = Rule("large", _WARNING, "the plugin is large")

# What lies where in it
TOP_FOLDER = Rule("top-folder", _ERROR, "everything lies in one folder of the zip")
FOLDER_ENTRY = Rule(
    "folder-entry", _ERROR, "a folder has no entry before what is in it", Hosts(since=(2, 4))
)
ABSOLUTE_PATH = Rule("absolute-path", _ERROR, "the name of an entry begins with /")
PATH_ESCAPES = Rule("path-escapes", _ERROR, "the name of an entry climbs out of the folder")
BACKSLASH = Rule("backslash", _ERROR, "the name of an entry has backslashes")
NAME_ENCODING = Rule("name-encoding", _WARNING, "the name of an entry is not UTF-8")
ENTRY_NAME = Rule("entry-name", _ERROR, "the name of an entry is none that all hosts take")
DUPLICATE_ENTRY = Rule("duplicate-entry", _WARNING, "two entries have the same name")
FILE_AND_FOLDER = Rule("file-and-folder", _ERROR, "a name is a file and a folder")
SYMLINK = Rule("symlink", _ERROR, "an entry is a symbolic link")
SPECIAL_FILE = Rule("special-file", _ERROR, "an entry is a device, pipe or socket")
SPECIAL_MODE = Rule("special-mode", _ERROR, "an entry has setuid, setgid or sticky bits")
UNREADABLE = Rule("unreadable", _ERROR, "an entry has a mode that lets nobody read it")
MISPLACED = Rule("misplaced", _ERROR, "sources/, sinks/ or functions/ holds more than settings")
SECRET = Rule("secret", _WARNING, "a file looks like a secret")
LITTER = Rule("litter", _WARNING, "there is what no host needs")
INSTALL_SCRIPT = Rule("install-script", _ERROR, "install.sh has Windows line ends")
INSTALL_NETWORK = Rule("install-network", _WARNING, "install.sh needs a network")

# The manifest
NO_MANIFEST = Rule("no-manifest", _ERROR, "there is no <name>.json")
SEVERAL_MANIFESTS = Rule("several-manifests", _ERROR, "several files could be the manifest")
MANIFEST_JSON = Rule("manifest-json", _ERROR, "the manifest is not readable JSON")
MANIFEST_NAME = Rule("manifest-name", _ERROR, "the manifest has another name than its file")
FIELD_TYPE = Rule("field-type", _ERROR, "a field of the manifest has the wrong type")
KEY_CASE = Rule("key-case", _WARNING, "a key of the manifest is written in another case")
UNKNOWN_KEY = Rule("unknown-key", _WARNING, "a key of the manifest means nothing")
DUPLICATE_KEY = Rule("duplicate-key", _WARNING, "a key of the manifest comes twice")
LANGUAGE = Rule("language", _ERROR, "the language is missing or none that eKuiper runs")
NO_EXECUTABLE = Rule("no-executable", _ERROR, "the executable is not named, or not there")
EXECUTABLE_PATH = Rule("executable-path", _ERROR, "the executable is not written as its entry is")
EXECUTABLE_MODE = Rule("executable-mode", _ERROR, "the executable may not be executed")
SHEBANG = Rule("shebang", _WARNING, "the first line of the executable has a Windows line end")
VIRTUAL_ENV = Rule("virtual-env", _ERROR, "virtualEnvType is none that eKuiper knows")
NO_ENV = Rule("no-env", _ERROR, "virtualEnvType is there, env is not")
NO_SYMBOLS = Rule("no-symbols", _ERROR, "there is no source, sink or function")
PROJECT_FILE = Rule("project-file", _ERROR, "the folder cannot be read as a plugin")

# Names
PLUGIN_NAME = Rule("plugin-name", _ERROR, "the plugin cannot be called so")
SYMBOL_NAME = Rule("symbol-name", _ERROR, "a symbol cannot be called so")
ODD_NAME = Rule("odd-name", _WARNING, "a name has other characters than letters, digits, - and _")
FUNCTION_NAME = Rule("function-name", _WARNING, "SQL takes a function's name in backquotes only")
NAME_TOO_LONG = Rule("name-too-long", _ERROR, "a name is too long for a socket")
DUPLICATE_SYMBOL = Rule("duplicate-symbol", _ERROR, "a symbol is named twice")
BUILTIN_NAME = Rule("builtin-name", _ERROR, "eKuiper has a symbol of this name itself")
RULE_ID = Rule("rule-id", _ERROR, "eKuiper refuses a rule's id", Hosts(since=(2, 4)))
SOCKET_PATH = Rule("socket-path", _ERROR, "a rule's names are too long for a socket")

# Settings and metadata
MISSING_YAML = Rule("missing-yaml", _ERROR, "a source has no sources/<name>.yaml")
SOURCE_YAML = Rule("source-yaml", _ERROR, "settings of a source cannot be read")
SETTING_KEY = Rule("setting-key", _ERROR, "a key of settings is no text", Hosts(since=(2, 0)))
NO_DEFAULT = Rule("no-default", _WARNING, "settings of a source have no group default")
SETTING_CASE = Rule(
    "setting-case", _WARNING, "eKuiper 2 changes the case of a setting", Hosts(since=(2, 0))
)
METADATA = Rule("metadata", _WARNING, "metadata of a symbol are not what eKuiper reads")
STRAY_FILE = Rule("stray-file", _WARNING, "settings or metadata belong to no symbol")

# Code
SYNTAX = Rule("syntax", _ERROR, "a file is no Python")
SYNTAX_TOO_NEW = Rule("syntax-too-new", _WARNING, "a file needs a newer Python than the plugin")
PYTHON = Rule("python", _ERROR, "the interpreter cannot run the plugin")
CODE_FAILS = Rule("code-fails", _ERROR, "the code does not come to plugin.start")
CODE_UNTRIED = Rule("code-untried", _WARNING, "the code needs an environment that is not here")
CODE_NAME = Rule("code-name", _ERROR, "code and manifest name the plugin differently")
NOT_IN_CODE = Rule("not-in-code", _ERROR, "the manifest names a symbol that the code has not")
NOT_IN_MANIFEST = Rule(
    "not-in-manifest", _ERROR, "the code has a symbol that is not in the manifest"
)
SYMBOL_BROKEN = Rule("symbol-broken", _ERROR, "a symbol cannot be started")
SHADOWED_SDK = Rule("shadowed-sdk", _ERROR, "a file hides this package")
SHADOWED_MODULE = Rule("shadowed-module", _WARNING, "a file hides a module of Python's library")
IMPORT_ON_HOST = Rule("import-on-host", _WARNING, "an import is not in the pack")
IMPORT_UNDECLARED = Rule("import-undeclared", _WARNING, "no requirement names what is imported")

# A real eKuiper, with --target
OLD_HOST = Rule("old-host", _WARNING, "the host is older than those this SDK is made for")
SYMBOL_TAKEN = Rule("symbol-taken", _ERROR, "another plugin on the host has a symbol of this name")
PLUGIN_TAKEN = Rule("plugin-taken", _WARNING, "the host has another plugin of this name")
SYMBOL_DROPPED = Rule(
    "symbol-dropped", _WARNING, "the installed plugin has symbols that this has not"
)
SINK_RESTART = Rule(
    "sink-restart", _WARNING, "a rule with a plugin's sink starts only once", Hosts(before=(2, 0))
)

RULES: tuple[Rule, ...] = tuple(each for each in globals().values() if isinstance(each, Rule))
