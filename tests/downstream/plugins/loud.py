"""A plugin that sets up logging itself."""

import logging

from notes import MARK, marked

from ekuiper import Function, PluginConfig, plugin

logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")


class Say(Function):
    def validate(self, args):
        return ""

    def is_aggregate(self):
        return False

    def exec(self, args, ctx):
        logging.info("said %s", args[0])


if __name__ == "__main__":
    plugin.start(PluginConfig(f"loud_{MARK}", {}, {}, marked({"say": Say})))
