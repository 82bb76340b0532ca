"""What a worker runs for `ekuiper serve`, in the place of a plugin's script."""

from ekuiper.runtime.plugin import start
from ekuiper.runtime.serving import start_named

if __name__ == "__main__":
    start_named(start)
